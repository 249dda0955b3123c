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

#include "tpm_engine.h"

/* Runs until the supervisor says VTPM_EMULATOR_STOP (which it then answers
   with VTPM_EMULATOR_STOPPED) or has closed the channel.  The TPM is shut down
   when this returns 0.  Any message but VTPM_EMULATOR_STOP is an error.  Both
   descriptors are below FD_SETSIZE.  */
int vtpm_request_loop_run (int server_fd, int channel_fd, struct vtpm_engine *engine,
                           struct vtpm_error **error);

#endif
