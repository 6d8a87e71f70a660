# One method for each thing that a function may do.

require 'nested/helper'

def echo(event:, context:)
  event
end

def values(event:, context:)
  { text: "é ☃ \u2028", numbers: [1, 2.5, 2**70, -0.0], nothing: nil, truth: true, symbol: :sym, keys: { 1 => 'one' } }
end

def nothing(event:, context:); end

def an_object(event:, context:)
  Struct.new(:a).new(1)
end

def not_a_number(event:, context:)
  0.0 / 0
end

def bytes(event:, context:)
  StringIO.new("raw \xff bytes".b)
end

def fields(event:, context:)
  {
    aws_request_id: context.aws_request_id, log_group_name: context.log_group_name,
    log_stream_name: context.log_stream_name, function_name: context.function_name,
    memory_limit_in_mb: context.memory_limit_in_mb, function_version: context.function_version,
    invoked_function_arn: context.invoked_function_arn, identity: context.identity,
    client_context: context.client_context, remains: context.get_remaining_time_in_millis > 1000,
    deadline: context.deadline_ms.is_a?(Integer), class: context.class.to_s
  }
end

def environment(event:, context:)
  names = %w[GEM_HOME GEM_PATH RUBYLIB AWS_EXECUTION_ENV _HANDLER _LAMBDA_TELEMETRY_LOG_FD]
  names.to_h { |name| [name, ENV[name]] }.merge(directory: Dir.pwd, ruby: RUBY_VERSION, net: defined?(Net::HTTP).to_s)
end

class Custom < StandardError; end

def raises(event:, context:)
  raise 'some error occurred'
end

def raises_own(event:, context:)
  raise Custom, "two\nlines é"
end

def raises_name(event:, context:)
  no_such_thing
end

def raises_deep(event:, context:)
  [1].each { |n| Integer("none#{n}") }
end

def overflows(event:, context:)
  overflows(event: event, context: context)
end

def exits(event:, context:)
  exit event['code']
end

def exits_at_once(event:, context:)
  print 'last words'
  exit! event['code']
end

def sleeps(event:, context:)
  sleep 60
end

def prints(event:, context:)
  puts 'one', ['two', 3]
  puts "é ☃"
  print "raw\n"
  $stdout.puts 'raw too'
end

def logs(event:, context:)
  logger = Logger.new($stdout)
  logger.info('told é')
  logger.error("two\nlines")
  Logger.new($stderr, progname: 'mine', level: 'warn').info('not told')
  Logger.new(nil, progname: 'mine').warn(Custom.new('an exception'))
end

def logs_own(event:, context:)
  logger = Logger.new($stdout)
  logger.formatter = proc { |severity, _, _, message| "own #{severity} #{message}\n" }
  logger.warn('formatted')
end

def counts(event:, context:)
  $calls = $calls.to_i + 1
end

def large(event:, context:)
  'x' * event['size']
end

def takes_no_context(event:)
  event
end

class Typed
  def self.handler(event:, context:)
    { typed: event }
  end
end

module Deep
  class Handler
    def self.run(event:, context:)
      Nested.help(event)
    end
  end
end
