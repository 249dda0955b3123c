/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_RUNDIR_H
#define OCI_VTPM_RUNDIR_H

/*
 * The run-time directory of one vTPM, <base>/<container-id>/, and what is in
 * it.  The supervisor makes, owns and removes it; it holds a flock(2) on the
 * directory for as long as it lives, so a directory that can be locked is
 * stale.  Everything in it belongs to the supervisor's user: a privileged
 * reader opens it without following symbolic links.
 */

#include <stdbool.h>

#include "error.h"
#include "manufacture_spec.h"

#define VTPM_RUNDIR_CONTROL "control"
#define VTPM_RUNDIR_RECORD "vtpm.json"

/* The certificate of an endorsement key, DER, by the name of the key's type.  */
#define VTPM_RUNDIR_EK_PREFIX "ek-"
#define VTPM_RUNDIR_EK_SUFFIX ".der"
#define VTPM_RUNDIR_EK_SIZE 32 /* of such a name */

/* Opens <base>/<id>.  An error with errno value ENOENT means there is none.  */
int vtpm_rundir_open (const char *base, const char *id, int *dir_fd, struct vtpm_error **error);

/* Makes and locks <base>/<id>; what a dead owner left in it is removed.  A
   directory whose owner lives is an error with errno value EBUSY.  */
int vtpm_rundir_create (const char *base, const char *id, int *dir_fd, struct vtpm_error **error);

/* Removes the directory and all we ever put into it.  DIR_FD is what
   vtpm_rundir_create returned; it stays open and locked.  */
int vtpm_rundir_remove (const char *base, const char *id, int dir_fd, struct vtpm_error **error);

/* Removes <base>/<id> if its owner is dead.  *LIVE says whether it lives.
   Nothing there is no error.  */
int vtpm_rundir_sweep (const char *base, const char *id, bool *live, struct vtpm_error **error);

/* A listening control socket in the directory, non-blocking.  Leaves the
   working directory at "/".  */
int vtpm_rundir_listen (int dir_fd, int *listen_fd, struct vtpm_error **error);

/* Connects the SOCK_SEQPACKET socket FD to the control socket.  errno values
   ENOENT and ECONNREFUSED both mean that nobody serves it.  */
int vtpm_rundir_connect (int dir_fd, int fd, struct vtpm_error **error);

/* Write vtpm.json, or the certificate of an endorsement key, atomically.  They are for
   people and programs to look at while the vTPM lives, and are not synced.  */
int vtpm_rundir_write_record (int dir_fd, const char *text, size_t length,
                              struct vtpm_error **error);
int vtpm_rundir_write_ek (int dir_fd, enum vtpm_key_type type, const uint8_t *certificate,
                          size_t size, struct vtpm_error **error);

/* Reads one of at most VTPM_CERTIFICATE_MAX bytes.  *SIZE is 0 where there is none.  */
int vtpm_rundir_read_ek (int dir_fd, enum vtpm_key_type type, uint8_t *certificate, size_t *size,
                         struct vtpm_error **error);

#endif
