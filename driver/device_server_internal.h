/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_DEVICE_SERVER_INTERNAL_H
#define OCI_VTPM_DEVICE_SERVER_INTERNAL_H

/* What CUSE and FUSE share.  */

#include "device_server.h"

#include <cuse_lowlevel.h>

struct vtpm_device_server
{
  struct vtpm_device_server_settings settings;
  void (*submit) (void *context, const uint8_t *command, size_t size);
  void *submit_context;
  struct vtpm_client_device *device;
  time_t opened_at;
  struct fuse_session *session;
  struct fuse_buf buffer;
  struct fuse_pollhandle *poller; /* of whoever polls the open file; or NULL */
};

struct vtpm_device_protocol
{
  const char *name; /* the driver's */

  /* A session whose user data is SERVER; NULL if it cannot be made.  */
  struct fuse_session *(*open) (struct vtpm_device_server *server);
};

extern const struct vtpm_device_protocol vtpm_device_protocol_cuse;
extern const struct vtpm_device_protocol vtpm_device_protocol_fuse;

/* Each replies to REQUEST, at once or once the TPM has answered.  */
void vtpm_device_server_open_file (struct vtpm_device_server *server, fuse_req_t request,
                                   struct fuse_file_info *info);
void vtpm_device_server_release_file (fuse_req_t request, const struct fuse_file_info *info);
void vtpm_device_server_read (fuse_req_t request, size_t size, const struct fuse_file_info *info);
void vtpm_device_server_write (fuse_req_t request, const char *data, size_t size,
                               const struct fuse_file_info *info);
void vtpm_device_server_poll (struct vtpm_device_server *server, fuse_req_t request,
                              const struct fuse_file_info *info, struct fuse_pollhandle *poller);

#endif
