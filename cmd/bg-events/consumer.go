package main

import (
	"bgtasks/lib/cli"
	"bgtasks/lib/events"
	"bgtasks/lib/fault"
	"bgtasks/lib/stream"
)

// consumerFlags are about readers whose place is kept in the home.
type consumerFlags struct {
	Consumer  string `placeholder:"NAME" help:"Print the events after the last one that was acknowledged in this name; the first time, begin with the current tasks."`
	Ack       *int64 `placeholder:"CURSOR" help:"With --consumer: acknowledge all events up to this cursor."`
	AutoAck   bool   `help:"With --consumer: acknowledge events once they are written to standard output."`
	Consumers bool   `help:"Print the consumers, one JSON object a line."`
	Forget    string `placeholder:"NAME" help:"Remove this consumer."`
}

// manages tells that nothing is to be read.
func (f *consumerFlags) manages() bool { return f.Ack != nil || f.Consumers || f.Forget != "" }

func (f *consumerFlags) agree() error {
	switch {
	case f.Consumer == "" && (f.Ack != nil || f.AutoAck):
		return fault.Usage("--ack and --auto-ack need --consumer")
	case f.Consumer != "":
		return stream.CheckConsumer("--consumer", f.Consumer)
	}
	return nil
}

// manage does what one of the flags says. With it stands no other, but --consumer
// with --ack.
func (f *consumerFlags) manage(c *cli.Call, reads bool) error {
	given := 0
	for _, flag := range []bool{f.Consumers, f.Forget != "", f.Ack != nil || f.Consumer != ""} {
		if flag {
			given++
		}
	}
	if given > 1 || reads {
		return fault.Usage("--consumers, --forget NAME, and --consumer NAME with --ack CURSOR stand alone")
	}
	if err := f.agree(); err != nil {
		return err
	}
	switch {
	case f.Consumers:
		return listConsumers(c)
	case f.Forget != "":
		return forget(c, f.Forget)
	}
	data, err := stream.Acknowledge(c, f.Consumer, *f.Ack)
	if err == nil && c.JSON {
		err = c.Succeed(data)
	}
	return err
}

// consumersData is what JSON mode tells.
type consumersData struct {
	Consumers []events.Consumer `json:"consumers"`
}

func listConsumers(c *cli.Call) error {
	h, err := c.ExistingHome()
	if err != nil {
		return err
	}
	list := []events.Consumer{}
	if h != nil {
		if list, err = events.Consumers(h); err != nil {
			return err
		}
	}
	if c.JSON {
		return c.Succeed(consumersData{list})
	}
	for _, consumer := range list {
		if err := c.Line(consumer); err != nil {
			return err
		}
	}
	return nil
}

func forget(c *cli.Call, name string) error {
	if err := stream.CheckConsumer("--forget", name); err != nil {
		return err
	}
	h, err := c.ExistingHome()
	if err != nil {
		return err
	}
	if h == nil {
		return &events.ConsumerNotFoundError{Name: name}
	}
	if err := cli.Own(h); err != nil {
		return err
	}
	if err := stream.ForgetConsumer(h, name); err != nil || !c.JSON {
		return err
	}
	return c.Succeed(struct {
		Forgotten string `json:"forgotten"`
	}{name})
}
