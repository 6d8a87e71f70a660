# frozen_string_literal: true

module Lambdad
  # Loads the handler and runs it, event after event. What it answers is the exit status.
  class Runtime
    # As AWS's client ends: after an error that the process should not outlive, and after one of its start.
    CRITICAL = 255
    INIT_FAILED = 252

    def initialize(transport, handler_name)
      @transport = transport
      @handler_name = handler_name
    end

    def run
      return INIT_FAILED unless load_handler

      loop do
        status = one_event
        return status if status
      end
    rescue PlatformGone
      0
    end

    private

    # Whatever stops the file from being loaded, `exit` included, is the error of INIT.
    def load_handler
      root = Dir.pwd
      $LOAD_PATH.unshift(root) unless $LOAD_PATH.include?(root)
      @handler = LambdaHandler.new(env_handler: @handler_name)
      require @handler.handler_file_name
      true
    rescue Exception => e # rubocop:disable Lint/RescueException
      payload = ErrorPayload.new(e, 'Init')
      Log.error("Init error when loading handler #{@handler_name}", payload.to_h)
      @transport.init_error(payload.to_json, payload.recorded_type)
      false
    end

    # nil if the next may come.
    def one_event
      request = waited_for
      return 0 unless request

      answer, status = call(request)
      @transport.response(request.id, *answer) if answer
      status
    end

    def waited_for
      request = @transport.next
      Log.request_id = request.id
      Log.tenant_id = request['Lambda-Runtime-Aws-Tenant-Id']
      trace = request['Lambda-Runtime-Trace-Id'].to_s
      ENV['_X_AMZN_TRACE_ID'] = trace.empty? ? nil : trace
      request
    rescue SignalException => e
      puts "The wait for the next event was interrupted by #{e.message}: ending."
      nil
    end

    # The answer with its type, or nil and the status to end with, if it must: a name that is not there, and all that is no
    # StandardError (`exit`, a stack overflow, no memory), end the process.
    def call(request)
      body, type = @handler.call_handler(request: AwsLambda::Marshaller.marshall_request(request),
                                         context: LambdaContext.new(request))
      body = body.read if type == 'application/unknown'
      [[body.to_s, type || 'application/json'], nil]
    rescue NameError => e
      [nil, failed(request, e, 'Critical exception from handler', CRITICAL)]
    rescue StandardError => e
      [nil, failed(request, e, 'Error raised from handler method', nil)]
    rescue Exception => e # rubocop:disable Lint/RescueException
      [nil, failed(request, e, 'Critical exception from handler', CRITICAL)]
    end

    def failed(request, error, words, status)
      payload = ErrorPayload.new(error)
      Log.error(words, payload.to_h)
      @transport.error(request.id, payload.to_json, payload.recorded_type, ends: !status.nil?)
      status
    end
  end
end
