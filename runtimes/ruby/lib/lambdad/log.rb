# frozen_string_literal: true

# Logs as AWS's Ruby runtime writes them: `puts` and Logger go to the telemetry descriptor, a frame each, so that several
# lines are one event; all else goes to the output raw. Without that descriptor everything goes to the output.
# The frame is drawn in runtimes/README.md.

module Lambdad
  # Where records go, and what stands in them.
  module Log
    FRAME_TEXT = 0xa55a0003
    FRAME_JSON = 0xa55a0002
    LEVELS = { 'TRACE' => 1, 'DEBUG' => 2, 'INFO' => 3, 'WARN' => 4, 'ERROR' => 5, 'FATAL' => 6 }.freeze

    class << self
      attr_accessor :request_id, :tenant_id
      attr_reader :sink

      # Takes the descriptor, whose variable is not for the function's eyes.
      def begin
        $stdout.sync = true
        descriptor = ENV.delete('_LAMBDA_TELEMETRY_LOG_FD')
        return unless descriptor

        @sink = Sink.new(IO.for_fd(Integer(descriptor), 'wb', autoclose: false))
        Kernel.module_eval { define_method(:puts) { |*lines| Log.puts(lines) } }
        Logger.prepend(LoggerToSink)
      end

      def json?
        ENV['AWS_LAMBDA_LOG_FORMAT'].to_s.casecmp?('json')
      end

      # What `puts` is told, as one event; answers nil, as `puts` does.
      def puts(lines)
        text = lines.flatten.map { |line| utf8(line.to_s) }.join("\n")
        sink.write(text.end_with?("\n") ? text : "#{text}\n")
        nil
      end

      # An error that the runtime reports, with what it was doing.
      def error(doing, payload)
        text = json? ? JSON.generate({ timestamp: now, level: 'ERROR', message: doing, requestId: request_id, **payload }.compact) : "#{doing}\n#{JSON.pretty_generate(payload)}"
        sink ? sink.write("#{text}\n", level: 'ERROR', json: json?) : $stdout.puts(text)
      end

      def utf8(text)
        return text if text.encoding == Encoding::UTF_8 && text.valid_encoding?

        text.dup.force_encoding(text.encoding == Encoding::BINARY ? Encoding::UTF_8 : text.encoding)
            .encode('UTF-8', invalid: :replace, undef: :replace, replace: "\uFFFD").scrub("\uFFFD")
      end

      def now
        Time.now.utc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ')
      end
    end

    # The telemetry descriptor, also as the device of a Logger.
    class Sink < Logger::LogDevice
      def initialize(file)
        @file = file
        @file.sync = true
        @whole = Mutex.new # a pipe keeps only 4 KiB together
      end

      def write(text, level: nil, json: false)
        body = text.b
        head = [(json ? FRAME_JSON : FRAME_TEXT) | (LEVELS[level].to_i << 2), body.bytesize]
        micros = Process.clock_gettime(Process::CLOCK_REALTIME, :microsecond)
        @whole.synchronize { @file.write([*head, micros].pack('L>L>Q>') + body) }
      end

      def reopen(_log = nil); end

      def close; end
    end

    # One Logger's way to the sink: what its formatter writes stays its own.
    class Device < Logger::LogDevice
      attr_writer :level

      def initialize(json)
        @json = json
      end

      def write(text)
        Log.sink.write(text, level: @level, json: @json)
      end

      def reopen(_log = nil); end

      def close; end
    end

    # Loggers of the standard output and error, and of nothing, write to the sink.
    module LoggerToSink
      def initialize(logdev = nil, *rest, **options)
        ours = logdev.nil? || logdev == $stdout || logdev == $stderr
        return super(logdev, *rest, **options) unless ours

        level = ENV['AWS_LAMBDA_LOG_LEVEL'].to_s.downcase
        options[:level] ||= level == 'trace' ? 'debug' : level unless level.empty?
        @device = Device.new(Log.json?)
        super(@device, *rest, **options)
        @default_formatter = Log.json? ? JsonFormatter.new : TextFormatter.new
      end

      def format_message(severity, *rest)
        @device&.level = severity
        super
      end
    end

    # Ruby's own line with the request's id in it.
    class TextFormatter < Logger::Formatter
      def call(severity, time, progname, message)
        format("%s, [%s #%d] %5s %s -- %s: %s\n", severity[0], format_datetime(time), Process.pid, severity,
               Log.request_id, progname, Log.utf8(msg2str(message)))
      end
    end

    # A record as one JSON object.
    class JsonFormatter < Logger::Formatter
      def call(severity, time, progname, message)
        text = message.is_a?(Exception) ? message.message : msg2str(message)
        members = { timestamp: time.utc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ'), level: severity, message: Log.utf8(text),
                    requestId: Log.request_id, tenantId: Log.tenant_id, logger: progname && Log.utf8(progname.to_s) }
        members.update(of_exception(message)) if message.is_a?(Exception)
        "#{JSON.generate(members.compact)}\n"
      end

      private

      def of_exception(error)
        trace = Array(error.backtrace).map { |line| Log.utf8(line) }
        place = trace.first && trace.first.match(/\A(.+):(\d+):in [`'](.+)'\z/)
        location = place ? "#{place[1]}:#{place[3]}:#{place[2]}" : trace.first
        { errorType: error.class.to_s, errorMessage: Log.utf8(error.message), stackTrace: trace, location: location }
      end
    end
  end
end
