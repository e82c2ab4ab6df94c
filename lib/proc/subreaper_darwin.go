package proc

func setSubreaper() error { return ErrUnsupported }

func unsetSubreaper() {}
