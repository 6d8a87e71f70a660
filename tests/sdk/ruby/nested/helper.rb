module Nested
  def self.help(event)
    { helped: event }
  end
end

def handler(event:, context:)
  Nested.help(event)
end
