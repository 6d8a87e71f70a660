# Answers every request with a greeting, and logs its path.

LOGGER = Logger.new($stdout)

def lambda_handler(event:, context:)
  LOGGER.info("request #{event['rawPath'] || '/'}")
  { statusCode: 200, body: 'Hello from Lambda!' }
end
