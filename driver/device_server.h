/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_DEVICE_SERVER_H
#define OCI_VTPM_DEVICE_SERVER_H

/*
 * The supervisor's half of a driver whose client side is in user space: it
 * answers the kernel's questions about a client device (client_device.h) on a
 * descriptor of /dev/cuse or /dev/fuse that the hook has opened.  The protocol
 * is libfuse's affair.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "client_device.h"

struct vtpm_device_server_settings
{
  int fd; /* closed with the server */
  enum vtpm_tpm_version version;

  /* cuse: the kernel's name for the character device.  */
  const char *device_name;

  /* fuse: owner and permission bits of the file.  */
  uid_t uid;
  gid_t gid;
  mode_t mode;
};

struct vtpm_device_server;

/* Whether the driver of that name needs one.  */
bool vtpm_device_server_is_needed (const char *driver);

/* SUBMIT gets commands, one at a time (client_device.h).  */
int vtpm_device_server_open (const char *driver,
                             const struct vtpm_device_server_settings *settings,
                             void (*submit) (void *context, const uint8_t *command, size_t size),
                             void *context, struct vtpm_device_server **server,
                             struct vtpm_error **error);

/* The client side goes.  SERVER may be NULL.  */
void vtpm_device_server_close (struct vtpm_device_server *server);

/* To poll; readable when there is something to serve.  */
int vtpm_device_server_fd (const struct vtpm_device_server *server);

/* Serves one question, if there is one.  False when the kernel has dropped the
   client side.  */
bool vtpm_device_server_serve (struct vtpm_device_server *server);

/* The response to the command submitted last.  */
void vtpm_device_server_answer (struct vtpm_device_server *server, const uint8_t *response,
                                size_t size);

#endif
