/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */

/* A file system with nothing in it but its root, which is the file.  */

#include <sys/stat.h>

#include "device_server_internal.h"

/* Nobody but us changes the attributes, and the kernel has them from us.  */
#define ATTRIBUTES_SECONDS 86400.0

static void
reply_attributes (fuse_req_t request)
{
  const struct vtpm_device_server *server = fuse_req_userdata (request);
  const struct stat attributes = {
    .st_ino = FUSE_ROOT_ID,
    .st_nlink = 1,
    .st_mode = S_IFREG | server->settings.mode,
    .st_uid = server->settings.uid,
    .st_gid = server->settings.gid,
    .st_atime = server->opened_at,
    .st_mtime = server->opened_at,
    .st_ctime = server->opened_at,
  };

  fuse_reply_attr (request, &attributes, ATTRIBUTES_SECONDS);
}

static void
get_attributes (fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
  (void) inode;
  (void) info;
  reply_attributes (request);
}

/* As for a device node: root in the container may change its owner and mode,
   times change nothing, and it has no size (open(2) with O_TRUNC).  The kernel
   has checked who asks (default_permissions).  */
static void
set_attributes (fuse_req_t request, fuse_ino_t inode, struct stat *attributes, int which,
                struct fuse_file_info *info)
{
  struct vtpm_device_server *server = fuse_req_userdata (request);

  (void) inode;
  (void) info;
  if (which & FUSE_SET_ATTR_MODE)
    server->settings.mode = attributes->st_mode & 0777;
  if (which & FUSE_SET_ATTR_UID)
    server->settings.uid = attributes->st_uid;
  if (which & FUSE_SET_ATTR_GID)
    server->settings.gid = attributes->st_gid;
  reply_attributes (request);
}

static void
open_file (fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
  (void) inode;
  vtpm_device_server_open_file (fuse_req_userdata (request), request, info);
}

static void
release_file (fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
  (void) inode;
  vtpm_device_server_release_file (request, info);
}

static void
read_file (fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
           struct fuse_file_info *info)
{
  (void) inode;
  (void) offset;
  vtpm_device_server_read (request, size, info);
}

static void
write_file (fuse_req_t request, fuse_ino_t inode, const char *data, size_t size, off_t offset,
            struct fuse_file_info *info)
{
  (void) inode;
  (void) offset;
  vtpm_device_server_write (request, data, size, info);
}

static void
poll_file (fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info,
           struct fuse_pollhandle *poller)
{
  (void) inode;
  vtpm_device_server_poll (fuse_req_userdata (request), request, info, poller);
}

static const struct fuse_lowlevel_ops operations = {
  .getattr = get_attributes,
  .setattr = set_attributes,
  .open = open_file,
  .release = release_file,
  .read = read_file,
  .write = write_file,
  .poll = poll_file,
};

static struct fuse_session *
open_session (struct vtpm_device_server *server)
{
  char *arguments[] = { (char *) "vtpm-supervisor", NULL };
  struct fuse_args args = FUSE_ARGS_INIT (1, arguments);

  return fuse_session_new (&args, &operations, sizeof (operations), server);
}

const struct vtpm_device_protocol vtpm_device_protocol_fuse = {
  .name = "fuse",
  .open = open_session,
};
