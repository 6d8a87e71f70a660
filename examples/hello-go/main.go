// Command bootstrap answers every request with a greeting, and logs its path.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func handle(ctx context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	log.Printf("request %s", request.RawPath)
	return events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: "Hello from Lambda!"}, nil
}

func main() {
	lambda.Start(handle)
}
