package main

import (
	"bytes"
	"context"
	"iter"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
)

// overExporterhelper is the queue and batcher of OpenTelemetry's collector, which count bytes as they are on the wire:
// a unit is a log record with its key and its body. What a record takes in memory is its body once, and what is made of
// it while it is written and merged.
func overExporterhelper(ctx context.Context, limit int64, units iter.Seq2[unit, error], s *sink) error {
	batch := exporterhelper.BatchConfig{
		FlushTimeout: 5 * time.Millisecond,
		Sizer:        exporterhelper.RequestSizerTypeBytes,
		MinSize:      limit / 16,
		MaxSize:      limit / 4,
	}
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeBytes
	queue.QueueSize = limit / 4
	queue.BlockOnOverflow = true
	queue.NumConsumers = 1
	queue.Batch = configoptional.Some(batch)
	settings := exporter.Settings{
		ID:                component.NewID(component.MustNewType("bench")),
		TelemetrySettings: componenttest.NewNopTelemetrySettings(),
	}
	push := func(_ context.Context, all plog.Logs) error {
		var keys []string
		var bodies [][]byte
		for _, resource := range all.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					keys = append(keys, record.EventName())
					bodies = append(bodies, record.Body().Bytes().AsRaw())
				}
			}
		}
		s.saveBodies(keys, bodies)
		return nil
	}
	helper, err := exporterhelper.NewLogs(ctx, settings, struct{}{}, push,
		exporterhelper.WithQueue(configoptional.Some(queue)), exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}))
	if err != nil {
		return err
	}
	if err := helper.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	for u, err := range units {
		if err != nil {
			return err
		}
		var body bytes.Buffer
		if err := u.WriteBody(&body); err != nil {
			return err
		}
		one := plog.NewLogs()
		record := one.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		record.SetEventName(u.Key())
		record.Body().SetEmptyBytes().FromRaw(body.Bytes())
		if err := helper.ConsumeLogs(ctx, one); err != nil {
			return err
		}
	}
	return helper.Shutdown(ctx)
}
