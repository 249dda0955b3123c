/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CONTAINER_DEV_H
#define OCI_VTPM_CONTAINER_DEV_H

/*
 * Device nodes in a container's /dev, placed from outside while the runtime
 * is between the mounts and pivot_root(2) (prestart, createRuntime).
 *
 * At that time the container's init has its own mount namespace, its root is
 * still the host's, and the container's /dev is mounted at <rootfs>/dev in
 * that namespace only.  It is reached through /proc/PID/root, so nothing has
 * to enter a namespace.  The path of the rootfs is the administrator's; what
 * lies in it is the image author's and hostile, so no symbolic link in it is
 * followed.
 *
 * Messages call paths what the container calls them: "/dev/tpm0 in the
 * container".
 */

#include <sys/types.h>

#include "device_number.h"
#include "error.h"

/* How many nodes one vtpm_container_dev can place.  */
#define VTPM_CONTAINER_NODES_MAX 8

/* A character device to be.  */
struct vtpm_node
{
  const char *name; /* one path component */
  struct vtpm_device_number number;
  uid_t uid;
  gid_t gid;
  mode_t mode; /* permission bits only */
};

/* The container's /dev, held open.  */
struct vtpm_container_dev;

/* Opens /dev below ROOTFS, an absolute path on the host, as the process of
   PROC_FD (vtpm_container_process_open) sees it.

   Refused, because a node there would be useless, outlive the container or
   appear elsewhere: a /dev that is no directory, no tmpfs, no mount of its
   own, a file system that the host has mounted too (its /dev, for one),
   read-only or nodev; a container with a user namespace
   of its own, where a node cannot be opened (user_namespaces(7)).

   Needs openat2(2) and STATX_ATTR_MOUNT_ROOT: Linux 5.8.  */
int vtpm_container_dev_open (int proc_fd, const char *rootfs, struct vtpm_container_dev **dev,
                             struct vtpm_error **error);

/* Makes NODE.  Whatever has its name already is left alone and an error with
   errno value EEXIST that says what it is.  After an error nothing of NODE is
   left.  The umask is changed for a moment: not for threaded programs.  */
int vtpm_container_dev_place (struct vtpm_container_dev *dev, const struct vtpm_node *node,
                              struct vtpm_error **error);

/* Mounts MOUNT_FD, a mount of a file that is attached nowhere (fsmount(2)), over
   a new file NAME.  Otherwise as vtpm_container_dev_place.  For a moment there
   is a child process, since only a process in the container's mount namespace
   can do it.  */
int vtpm_container_dev_mount (struct vtpm_container_dev *dev, const char *name, int mount_fd,
                              struct vtpm_error **error);

/* Removes what vtpm_container_dev_place and _mount made, unless something else has taken
   its name since.  */
void vtpm_container_dev_undo (struct vtpm_container_dev *dev);

/* Frees DEV, which may be NULL; the nodes stay.  */
void vtpm_container_dev_free (struct vtpm_container_dev *dev);

static inline void
vtpm_cleanup_container_dev (struct vtpm_container_dev **dev)
{
  vtpm_container_dev_free (*dev);
}

#define _cleanup_container_dev_ VTPM_CLEANUP (vtpm_cleanup_container_dev)

#endif
