// Package config reads config.json of the home: how long finished tasks and the
// journal are kept.
//
// It knows the file's members, their defaults and their limits. It must not know
// how they are applied.
//
// Promises: only people write the file; without it, the defaults apply. It is read
// strictly: an unknown member or a wrong value is an error that names it, and then
// nothing in the file counts. So a mistake in the file removes nothing.
package config
