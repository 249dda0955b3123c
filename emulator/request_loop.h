/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_REQUEST_LOOP_H
#define OCI_VTPM_REQUEST_LOOP_H

/*
 * The emulator's work: takes commands from the server side of the device pair,
 * answers them, and listens to the supervisor (protocol.h).
 *
 * The server side is message-oriented: one read is one command, one write one
 * response.  Its last word, read as an end of file or as EPIPE, is reported to
 * the supervisor once; the loop then waits for the supervisor only.
 *
 * Linux's vTPM proxy (drivers/char/tpm/tpm_vtpm_proxy.c, 6.1): reads block
 * whatever O_NONBLOCK says, so that a read must follow readiness; a read that
 * offers less room than the request needs loses the request; a response that
 * nobody waits for any more fails with EIO.
 */

#include "journaled_tpm.h"

struct vtpm_request_loop_settings
{
  int server_fd; /* both are below FD_SETSIZE */
  int channel_fd;
  enum vtpm_tpm_version version;
  struct vtpm_journal *journal;
  bool persistent; /* permanent state is to be committed by the supervisor */
  unsigned int pcr_banks; /* journaled_tpm.h */
  unsigned int eks;       /* likewise */
  uint64_t refuse; /* journaled_tpm.h; in failure mode: not 0 if a command waits */
};

struct vtpm_request_loop;

/* Opens the TPM: it can be used when this returns.  May ask the supervisor for
   a commit.  */
int vtpm_request_loop_open (const struct vtpm_request_loop_settings *settings,
                            struct vtpm_request_loop **loop, struct vtpm_error **error);

/* Runs until the supervisor says VTPM_EMULATOR_STOP (which it then answers
   with VTPM_EMULATOR_STOPPED, the TPM being shut down) or has closed the
   channel (nobody is left to commit a shutdown).  Any message but
   VTPM_EMULATOR_STOP is an error.  */
int vtpm_request_loop_run (struct vtpm_request_loop *loop, struct vtpm_error **error);

/* LOOP may be NULL.  */
void vtpm_request_loop_close (struct vtpm_request_loop *loop);

static inline void
vtpm_cleanup_request_loop (struct vtpm_request_loop **loop)
{
  vtpm_request_loop_close (*loop);
}

#define _cleanup_request_loop_ VTPM_CLEANUP (vtpm_cleanup_request_loop)

/* Failure mode: answers every command with TPM_RC_FAILURE, the one first that
   is waiting.  Needs no journal and no TPM.  Ends as vtpm_request_loop_run
   does.  */
int vtpm_request_loop_fail (const struct vtpm_request_loop_settings *settings,
                            struct vtpm_error **error);

#endif
