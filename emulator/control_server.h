/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CONTROL_SERVER_H
#define OCI_VTPM_CONTROL_SERVER_H

/*
 * The control socket: `vtpmctl` and the hook ask, the supervisor answers.
 * Clients must be root or our own user (SO_PEERCRED).  A client that sends
 * anything but these requests, or does not read its answers, is dropped.  A
 * client that stays connected sees the end of the supervisor as end of file.
 */

#include <stdbool.h>
#include <stddef.h>

#include "event_loop.h"

struct vtpm_control_ops
{
  /* Writes the status as a JSON object, terminated, to TEXT.  */
  void (*get_status) (void *context, char *text, size_t size);

  /* Somebody wants the vTPM to end.  */
  void (*stop) (void *context);

  /* Somebody wants it to leave failure mode.  False if it cannot, and then WHY
     says so.  */
  bool (*resume) (void *context, char *why, size_t size);
};

struct vtpm_control_server;

/* Serves LISTEN_FD, which it takes, from LOOP; both LOOP and OPS outlive it.  */
int vtpm_control_server_open (struct vtpm_event_loop *loop, int listen_fd,
                              const struct vtpm_control_ops *ops, void *context,
                              struct vtpm_control_server **server, struct vtpm_error **error);

/* Drops all clients.  SERVER may be NULL.  */
void vtpm_control_server_close (struct vtpm_control_server *server);

#endif
