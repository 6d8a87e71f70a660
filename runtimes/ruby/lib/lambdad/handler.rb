# frozen_string_literal: true

module AwsLambda
  # JSON in and out. Functions may put their own methods in place of these.
  class Marshaller
    class << self
      def marshall_request(request)
        return request.body unless request['Content-Type'] == 'application/json'

        JSON.parse(request.body)
      end

      # The text, and its type unless that is JSON. What can be read is sent as it is.
      def marshall_response(result)
        case result
        when StringIO, IO then [result, 'application/unknown']
        else result.to_json
        end
      end
    end
  end
end

# The method that a function names: `file.method` or `file.Class.method`.
class LambdaHandler
  attr_reader :handler_file_name, :handler_method_name

  def initialize(env_handler:)
    parts = env_handler.split('.')
    raise ArgumentError, malformed(parts) unless [2, 3].include?(parts.size)

    @handler_file_name = parts.first
    @handler_class = parts[1] if parts.size == 3
    @handler_method_name = parts.last
  end

  # What the handler answers, as Marshaller makes of it.
  def call_handler(request:, context:)
    given = { event: request, context: context }
    result = @handler_class ? Kernel.const_get(@handler_class).send(@handler_method_name, **given) : __send__(@handler_method_name, **given)
    AwsLambda::Marshaller.marshall_response(result)
  end

  private

  # AWS's words, which people search for.
  def malformed(parts)
    "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME corresponds with an " \
      'existing Ruby source file FILENAME.rb, CLASS is an optional module/class namespace and METHOD is a callable method. ' \
      'If using CLASS, METHOD must be a class-level method.'
  end
end
