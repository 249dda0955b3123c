/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CLIENT_DEVICE_H
#define OCI_VTPM_CLIENT_DEVICE_H

/*
 * What Linux's /dev/tpmN does for those who open it (drivers/char/tpm,
 * tpm-dev.c and tpm-dev-common.c), for drivers that have to do it themselves:
 *
 * - one open file at a time, EBUSY for the next;
 * - a write(2) is one command. It ends when the TPM has answered, or, of a file
 *   with O_NONBLOCK, at once;
 * - the response is read in as many parts as the reader likes, and is lost with
 *   the next command, or when nobody reads for two minutes;
 * - another command before anything of the response was read is EBUSY;
 * - a TPM 2.0 that answers TPM_RC_RETRY or TPM_RC_TESTING is asked again;
 * - "set locality" is the driver's own and refused (EFAULT).
 *
 * Two things differ. Who reads or writes while another thread's write(2) on the
 * same open file is waiting gets EBUSY instead of waiting too. A command is
 * limited in time by the supervisor's watchdog alone, never ETIME.
 *
 * Nothing here makes a system call. It never looks further into a command than
 * the ten bytes of its header.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "tpm_version.h"

/* Who waits for the end of a write(2): the caller's.  */
struct vtpm_client_waiter;

struct vtpm_client_device_ops
{
  /* Gives the TPM a command. One at a time: the next comes after its answer.  */
  void (*submit) (void *context, const uint8_t *command, size_t size);

  /* Ends a write(2) that was put off: bytes written, or a negative errno.  */
  void (*end_write) (void *context, struct vtpm_client_waiter *waiter, ssize_t result);

  /* Poll masks have changed.  */
  void (*wake) (void *context);

  /* Milliseconds of a clock that never jumps.  */
  int64_t (*now) (void *context);
};

struct vtpm_client_device;

/* One open file description.  */
struct vtpm_client_file;

/* OPS and CONTEXT have to outlive the device.  NULL when out of memory.  */
struct vtpm_client_device *vtpm_client_device_new (enum vtpm_tpm_version version,
                                                   const struct vtpm_client_device_ops *ops,
                                                   void *context);

/* Writes that wait end with EPIPE.  DEVICE may be NULL.  */
void vtpm_client_device_free (struct vtpm_client_device *device);

/* Takes the TPM's response to the command submitted last; one that nobody asked
   for is ignored.  */
void vtpm_client_device_answer (struct vtpm_client_device *device, const uint8_t *response,
                                size_t size);

/* What follows returns a negative errno value where a system call would fail.  */

int vtpm_client_file_open (struct vtpm_client_device *device, struct vtpm_client_file **file);

/* A command that the TPM has is still executed; its response is dropped.  */
void vtpm_client_file_release (struct vtpm_client_file *file);

/* Returned by a write that WAITER waits for now.  */
#define VTPM_CLIENT_WRITE_WAITS ((ssize_t) -4096)

ssize_t vtpm_client_file_write (struct vtpm_client_file *file, const void *data, size_t size,
                                bool nonblocking, struct vtpm_client_waiter *waiter);

/* Points *DATA to what has been read; valid until the next call.  */
ssize_t vtpm_client_file_read (struct vtpm_client_file *file, size_t size, const uint8_t **data);

/* poll(2)'s mask.  */
unsigned int vtpm_client_file_poll (const struct vtpm_client_file *file);

#endif
