// Command bootstrap is a function with one case for each thing that a Go function may do.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type asked struct {
	Do    string          `json:"do"`
	Event json.RawMessage `json:"event"`
}

type ownError struct{ what string }

func (e *ownError) Error() string { return e.what }

var calls int

func handle(ctx context.Context, it asked) (any, error) {
	switch it.Do {
	case "echo":
		return it.Event, nil
	case "context":
		return seen(ctx), nil
	case "error":
		return nil, errors.New("some error occurred")
	case "wrapped":
		return nil, fmt.Errorf("outer: %w", &ownError{"inner é"})
	case "own":
		return nil, &ownError{"two\nlines"}
	case "panic":
		panic("it can't go on")
	case "nil":
		var nothing *asked
		return nothing.Do, nil
	case "exit":
		os.Exit(3)
	case "large":
		return strings.Repeat("x", 7<<20), nil
	case "logs":
		log.SetFlags(0)
		log.Print("on the error output")
		fmt.Println("on the output é ☃")
		return nil, nil
	case "counts":
		calls++
		return calls, nil
	case "stream":
		return io.MultiReader(strings.NewReader("one "), strings.NewReader("two")), nil
	}
	return nil, nil
}

func seen(ctx context.Context) map[string]any {
	it, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return map[string]any{
		"id": it.AwsRequestID, "arn": it.InvokedFunctionArn, "custom": it.ClientContext.Custom,
		"app": it.ClientContext.Client.AppTitle, "name": lambdacontext.FunctionName,
		"version": lambdacontext.FunctionVersion, "memory": lambdacontext.MemoryLimitInMB,
		"group": lambdacontext.LogGroupName, "stream": lambdacontext.LogStreamName,
		"remains": time.Until(deadline) > time.Second, "environment": os.Getenv("AWS_EXECUTION_ENV"),
	}
}

func main() {
	lambda.Start(handle)
}
