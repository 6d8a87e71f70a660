# frozen_string_literal: true

# The start of a Ruby environment: logs, then the handler's file, then event in, result or error out, one at a time.
#
# Run as `ruby /var/runtime/bootstrap.rb`, in /var/task. What lies in lib/lambdad is found by its path alone, so that nothing
# of a function's can take its place. LambdaContext, LambdaHandler and AwsLambda::Marshaller are AWS's names: functions and
# agents know them.

# Whatever locales the host has: in Lambda text is UTF-8.
Encoding.default_external = Encoding::UTF_8

require 'json'
require 'logger'
require 'stringio'

require_relative 'lib/lambdad/log'
require_relative 'lib/lambdad/transport'
require_relative 'lib/lambdad/context'
require_relative 'lib/lambdad/errors'
require_relative 'lib/lambdad/handler'
require_relative 'lib/lambdad/runtime'

# AWS's client has them loaded, and functions that use them need not ask.
autoload :Net, 'net/http'
autoload :URI, 'uri'

Lambdad::Log.begin
exit(Lambdad::Runtime.new(Lambdad::Transport.choose(ARGV), ENV.fetch('_HANDLER')).run)
