// The OpenTelemetry Collector's receiver of OTLP over HTTP, as it is in the Collector: what it takes is
// written to the standard output as the Collector's own JSON, a line for each request.
// Who does not bring the token is not let in.
// usage: collector ADDRESS TOKEN
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

func main() {
	ctx := context.Background()
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	settings := confmap.NewFromStringMap(map[string]any{
		"protocols": map[string]any{"http": map[string]any{"endpoint": os.Args[1], "include_metadata": true}},
	})
	must(settings.Unmarshal(config))
	out := plog.JSONMarshaler{}
	logs, err := consumer.NewLogs(func(ctx context.Context, taken plog.Logs) error {
		shown := client.FromContext(ctx).Metadata.Get("authorization")
		if !slices.Equal(shown, []string{"Bearer " + os.Args[2]}) {
			return consumererror.NewPermanent(errors.New("who is this?"))
		}
		line, err := out.MarshalLogs(taken)
		must(err)
		_, err = os.Stdout.Write(append(line, '\n'))
		return err
	})
	must(err)
	receiver, err := factory.CreateLogs(ctx, receivertest.NewNopSettings(component.MustNewType("otlp")), config, logs)
	must(err)
	must(receiver.Start(ctx, componenttest.NewNopHost()))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	<-stop
	must(receiver.Shutdown(ctx))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
