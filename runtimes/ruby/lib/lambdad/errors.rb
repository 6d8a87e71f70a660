# frozen_string_literal: true

module Lambdad
  # An exception as the caller hears of it. `Function<RuntimeError>`, or `Init<…>` where the handler's file failed.
  class ErrorPayload
    FRAMES = 100
    # The platform's record names these, and calls all others the user's.
    KNOWN = %w[ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit SystemStackError].freeze

    def initialize(error, phase = 'Function')
      @name = error.class.to_s
      @phase = phase
      @message = error.message.to_s
      @trace = trace(error)
    end

    def to_h
      { errorMessage: Log.utf8(@message), errorType: "#{@phase}<#{@name}>", stackTrace: @trace }
    end

    def to_json(*)
      JSON.generate(to_h)
    end

    def recorded_type
      KNOWN.include?(@name) ? "#{@phase}<#{@name}>" : 'Function<UserException>'
    end

    private

    # Down to the runtime's own frames.
    def trace(error)
      frames = Array(error.backtrace_locations).first(FRAMES).map { |frame| Log.utf8(frame.to_s) }
      frames.take_while { |frame| !frame.start_with?(RUNTIME_FOLDER) }
    end
  end

  RUNTIME_FOLDER = File.expand_path('../..', __dir__)
end
