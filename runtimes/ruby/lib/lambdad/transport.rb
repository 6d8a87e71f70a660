# frozen_string_literal: true

# The two ways to the platform: frames over a Unix socket, and AWS's HTTP Runtime API. The frames are drawn in
# runtimes/README.md.

require 'socket'

module Lambdad
  # The other side closed the connection: the environment has served its time.
  class PlatformGone < StandardError; end

  # One event: its bytes, and what the platform says about it by the names of AWS's headers.
  class Request
    attr_reader :body

    def initialize(body, headers)
      @body = body.force_encoding(Encoding::UTF_8)
      @headers = headers
    end

    def [](name)
      @headers[name.downcase]
    end

    def id
      self['Lambda-Runtime-Aws-Request-Id']
    end
  end

  # Which of the two it is.
  module Transport
    SOCKET = '/run/lambdad/runtime.sock'
    PLATFORM = '169.254.100.1:9001'

    # Frames where the platform's socket is and nobody stands between. `--socket PATH` is for tests.
    def self.choose(arguments)
      at = arguments.index('--socket')
      path = at ? arguments.slice!(at, 2).last : SOCKET
      address = ENV.fetch('AWS_LAMBDA_RUNTIME_API')
      address == PLATFORM && File.socket?(path) ? Frames.new(path) : Http.new(address)
    end
  end

  # Frames over the platform's socket. An answer waits in memory for the `next` that follows it.
  class Frames
    HEADERS = {
      'id' => 'lambda-runtime-aws-request-id', 'deadlineMs' => 'lambda-runtime-deadline-ms',
      'arn' => 'lambda-runtime-invoked-function-arn', 'traceId' => 'lambda-runtime-trace-id',
      'clientContext' => 'lambda-runtime-client-context', 'cognitoIdentity' => 'lambda-runtime-cognito-identity',
      'tenantId' => 'lambda-runtime-aws-tenant-id'
    }.freeze

    def initialize(path)
      @socket = UNIXSocket.new(path)
      @answer = ''.b
    end

    def next
      @socket.write(@answer + frame({ type: 'next' }))
      @answer = ''.b
      header, body = take(8).unpack('L>L>').map { |size| take(size) }
      told = JSON.parse(header).filter_map { |name, value| [HEADERS[name], value.to_s] if HEADERS[name] }
      Request.new(body, { 'content-type' => 'application/json', **told.to_h })
    end

    def response(id, body, _content_type)
      @answer = frame({ type: 'response', id: id }, body)
    end

    def error(id, body, type, ends:)
      @answer = frame({ type: 'error', id: id, errorType: type }, body)
      @socket.write(@answer) if ends
    end

    def init_error(body, type)
      @socket.write(frame({ type: 'init-error', errorType: type }, body))
    end

    private

    def frame(header, body = '')
      header = JSON.generate(header).b
      [header.bytesize, body.bytesize].pack('L>L>') + header + body.b
    end

    def take(size)
      bytes = size.zero? ? ''.b : @socket.read(size)
      raise PlatformGone if bytes.nil? || bytes.bytesize < size

      bytes
    end
  end

  # AWS's Runtime API over one kept connection, for custom addresses (extensions that stand between).
  class Http
    def initialize(address)
      require 'net/http'
      host, port = address.split(':')
      @api = Net::HTTP.new(host, (port || 80).to_i, nil)
      @api.read_timeout = @api.write_timeout = nil
      @api.keep_alive_timeout = 3_600 # the platform keeps it
      @api.start
    end

    def next
      answer = once_more { @api.get('/2018-06-01/runtime/invocation/next') }
      raise PlatformGone unless answer.is_a?(Net::HTTPSuccess)

      Request.new(answer.body, answer.each_header.to_h)
    end

    def response(id, body, content_type)
      post("invocation/#{id}/response", body, 'Content-Type' => content_type)
    end

    def error(id, body, type, **)
      post("invocation/#{id}/error", body, 'Lambda-Runtime-Function-Error-Type' => type)
    end

    def init_error(body, type)
      post('init/error', body, 'Lambda-Runtime-Function-Error-Type' => type)
    end

    private

    def post(path, body, headers)
      headers = { 'Content-Type' => 'application/json', **headers }
      once_more { @api.post("/2018-06-01/runtime/#{path}", body, headers) }
    end

    # A kept connection may have been closed meanwhile.
    def once_more
      yield
    rescue IOError, SystemCallError
      begin
        @api.finish if @api.started?
        @api.start
        yield
      rescue IOError, SystemCallError
        raise PlatformGone
      end
    end
  end
end
