/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */

/* A build without libfuse has no driver that would need a server.  */

#include "device_server.h"

bool
vtpm_device_server_is_needed (const char *driver)
{
  (void) driver;
  return false;
}

int
vtpm_device_server_open (const char *driver, const struct vtpm_device_server_settings *settings,
                         void (*submit) (void *context, const uint8_t *command, size_t size),
                         void *context, struct vtpm_device_server **server,
                         struct vtpm_error **error)
{
  (void) settings;
  (void) submit;
  (void) context;
  (void) server;
  return vtpm_error_set_plain (error, ENOTSUP, "no driver \"%s\" in this build", driver);
}

void
vtpm_device_server_close (struct vtpm_device_server *server)
{
  (void) server;
}

int
vtpm_device_server_fd (const struct vtpm_device_server *server)
{
  (void) server;
  return -1;
}

bool
vtpm_device_server_serve (struct vtpm_device_server *server)
{
  (void) server;
  return false;
}

void
vtpm_device_server_answer (struct vtpm_device_server *server, const uint8_t *response, size_t size)
{
  (void) server;
  (void) response;
  (void) size;
}
