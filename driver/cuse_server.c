/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "device_server_internal.h"

static void
open_file (fuse_req_t request, struct fuse_file_info *info)
{
  vtpm_device_server_open_file (fuse_req_userdata (request), request, info);
}

static void
release_file (fuse_req_t request, struct fuse_file_info *info)
{
  vtpm_device_server_release_file (request, info);
}

static void
read_file (fuse_req_t request, size_t size, off_t offset, struct fuse_file_info *info)
{
  (void) offset;
  vtpm_device_server_read (request, size, info);
}

static void
write_file (fuse_req_t request, const char *data, size_t size, off_t offset,
            struct fuse_file_info *info)
{
  (void) offset;
  vtpm_device_server_write (request, data, size, info);
}

static void
poll_file (fuse_req_t request, struct fuse_file_info *info, struct fuse_pollhandle *poller)
{
  vtpm_device_server_poll (fuse_req_userdata (request), request, info, poller);
}

static const struct cuse_lowlevel_ops operations = {
  .open = open_file,
  .release = release_file,
  .read = read_file,
  .write = write_file,
  .poll = poll_file,
};

static struct fuse_session *
open_session (struct vtpm_device_server *server)
{
  char name[128];
  const char *information[] = { name };
  const struct cuse_info info = { .dev_info_argc = 1, .dev_info_argv = information };
  char *arguments[] = { (char *) "vtpm-supervisor", NULL };
  struct fuse_args args = FUSE_ARGS_INIT (1, arguments);

  snprintf (name, sizeof (name), "DEVNAME=%s", server->settings.device_name);
  return cuse_lowlevel_new (&args, &info, &operations, server);
}

const struct vtpm_device_protocol vtpm_device_protocol_cuse = {
  .name = "cuse",
  .open = open_session,
};
