# Handlers for the tests; tests/sdk/ruby has more, which run in real environments.

def echo(event:, context:)
  event
end

def fails(event:, context:)
  raise ArgumentError, "failed é \xff"
end

def exits(event:, context:)
  exit 3
end

def bytes(event:, context:)
  StringIO.new("\x00\xff".b)
end

def told(event:, context:)
  puts 'two', 'lines'
  Logger.new($stdout).error('an error')
  print 'raw'
  [context.client_context, context.identity, context.tenant_id, ENV['_X_AMZN_TRACE_ID']]
end
