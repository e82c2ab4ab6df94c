// Package config reads config.json of the home: how long finished tasks and the
// journal are kept.
//
// It knows the file's members, their defaults and their limits. It must not know
// what is done by them.
//
// Promises: the file is made by people and by nobody else; without it, the
// defaults hold. It is read strictly: a member that is not known, or that has a
// value that it can't have, is an error that names it, and then nothing in the
// file counts. Something is removed by what was meant, or not at all.
package config
