# The function: the event comes in on the input, the result goes out on the output, the log to the error output.
handler() {
  local event
  event="$(cat)"
  echo "an event of ${#event} characters" >&2
  printf '{"statusCode":200,"body":"Hello from Lambda!"}'
}

# For trying out what an error looks like: set the handler to function.fails.
fails() {
  echo "about to fail" >&2
  return 3
}
