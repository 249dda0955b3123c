/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "container_dev.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

/* openat2(2) asks for patience while something else in the system renames.  */
#define OPENAT2_ATTEMPTS 32

#define DESCRIPTION_SIZE 64

struct placed
{
  char *name;
  int fd; /* O_PATH: keeps the inode, and so its number, ours */
  bool is_mounted_on;
};

struct vtpm_container_dev
{
  int fd;
  int mount_ns_fd;
  struct placed placed[VTPM_CONTAINER_NODES_MAX];
  size_t count;
};

/* For messages: "a directory", "a character device 10:224".  BUFFER has
   DESCRIPTION_SIZE bytes.  */
static const char *
describe (const struct stat *status, char *buffer)
{
  switch (status->st_mode & S_IFMT)
    {
    case S_IFREG:
      return "a regular file";
    case S_IFDIR:
      return "a directory";
    case S_IFLNK:
      return "a symbolic link";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    default:
      snprintf (buffer, DESCRIPTION_SIZE, "a %s device %u:%u",
                S_ISCHR (status->st_mode) ? "character" : "block", major (status->st_rdev),
                minor (status->st_rdev));
      return buffer;
    }
}

static int
open_directory (int dir_fd, const char *path, unsigned long long resolve)
{
  struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = resolve };
  int attempts = OPENAT2_ATTEMPTS;
  int fd;

  do
    fd = (int) syscall (SYS_openat2, dir_fd, path, &how, sizeof (how));
  while (fd < 0 && errno == EAGAIN && --attempts > 0);
  return fd;
}

static int
check_user_namespace (int proc_fd, struct vtpm_error **error)
{
  struct stat ours, theirs;

  if (stat ("/proc/self/ns/user", &ours) < 0 || fstatat (proc_fd, "ns/user", &theirs, 0) < 0)
    return vtpm_error_set (error, errno, "cannot compare the container's user namespace");
  if (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)
    return vtpm_error_set_plain (error, ENOTSUP,
                                 "the container has its own user namespace, which this version of "
                                 "oci-vtpm does not support");
  return 0;
}

static int
open_rootfs (int proc_fd, const char *rootfs, int *rootfs_fd, struct vtpm_error **error)
{
  _cleanup_close_ int root_fd = openat (proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (root_fd < 0)
    return vtpm_error_set (error, errno, "cannot open the root of the container's init");
  if (rootfs[0] != '/')
    return vtpm_error_set_plain (error, EINVAL, "the container's rootfs %s is not absolute",
                                 rootfs);
  *rootfs_fd = open_directory (root_fd, rootfs, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  if (*rootfs_fd < 0)
    return vtpm_error_set (error, errno, "cannot open the container's rootfs %s", rootfs);
  return 0;
}

static int
open_dev (int rootfs_fd, int *dev_fd, struct vtpm_error **error)
{
  char description[DESCRIPTION_SIZE];
  struct stat status;
  int open_errno;

  *dev_fd = open_directory (rootfs_fd, "dev", RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
  if (*dev_fd >= 0)
    return 0;
  open_errno = errno;
  if (open_errno != ENOENT && fstatat (rootfs_fd, "dev", &status, AT_SYMLINK_NOFOLLOW) == 0
      && !S_ISDIR (status.st_mode))
    return vtpm_error_set_plain (error, ENOTDIR, "/dev in the container is %s",
                                 describe (&status, description));
  return vtpm_error_set (error, open_errno, "cannot open /dev in the container");
}

/* Finds where the file system DEVICE is mounted in our own mount namespace,
   which is the host's; see proc(5), mountinfo.  WHERE has PATH_MAX bytes and
   is empty when it is nowhere.  */
static int
find_on_host (dev_t device, char *where, struct vtpm_error **error)
{
  _cleanup_fclose_ FILE *mounts = fopen ("/proc/self/mountinfo", "re");
  _cleanup_free_ char *line = NULL;
  unsigned int found_major, found_minor;
  size_t capacity = 0;

  if (mounts == NULL)
    return vtpm_error_set (error, errno, "cannot open /proc/self/mountinfo");
  while (getline (&line, &capacity, mounts) >= 0)
    if (sscanf (line, "%*d %*d %u:%u %*s %4095s", &found_major, &found_minor, where) == 3
        && makedev (found_major, found_minor) == device)
      return 0;
  where[0] = '\0';
  return 0;
}

/* A node must vanish with the container: on a tmpfs that only this container
   has, not in the image's files, the host's /dev or another directory of the
   host.  */
static int
check_own_tmpfs (int dev_fd, struct vtpm_error **error)
{
  char where[PATH_MAX];
  struct statfs filesystem;
  struct statx mount;

  if (statx (dev_fd, "", AT_EMPTY_PATH, 0, &mount) < 0 || fstatfs (dev_fd, &filesystem) < 0)
    return vtpm_error_set (error, errno, "cannot examine /dev in the container");
  if (!(mount.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
    return vtpm_error_set_plain (error, ENOSYS, "statx has no STATX_ATTR_MOUNT_ROOT (Linux 5.8)");
  if (!(mount.stx_attributes & STATX_ATTR_MOUNT_ROOT))
    return vtpm_error_set_plain (error, EINVAL,
                                 "/dev in the container is a directory of its rootfs: the bundle "
                                 "must mount a tmpfs on /dev");
  if (find_on_host (makedev (mount.stx_dev_major, mount.stx_dev_minor), where, error) < 0)
    return -1;
  if (where[0] != '\0')
    return vtpm_error_set_plain (error, EINVAL,
                                 "/dev in the container is the host's file system at %s: the "
                                 "bundle must mount a tmpfs on /dev",
                                 where);
  if (filesystem.f_type != TMPFS_MAGIC)
    return vtpm_error_set_plain (error, EINVAL,
                                 "/dev in the container is a mount of something else (file system "
                                 "type 0x%lx): the bundle must mount a tmpfs on /dev",
                                 (unsigned long) filesystem.f_type);
  return 0;
}

static int
check_mount_options (int dev_fd, struct vtpm_error **error)
{
  struct statvfs filesystem;

  if (fstatvfs (dev_fd, &filesystem) < 0)
    return vtpm_error_set (error, errno, "cannot examine /dev in the container");
  if (filesystem.f_flag & ST_RDONLY)
    return vtpm_error_set_plain (error, EROFS, "/dev in the container is mounted read-only");
  if (filesystem.f_flag & ST_NODEV)
    return vtpm_error_set_plain (
        error, EINVAL, "/dev in the container is mounted nodev: no device in it can be opened");
  return 0;
}

int
vtpm_container_dev_open (int proc_fd, const char *rootfs, struct vtpm_container_dev **dev,
                         struct vtpm_error **error)
{
  _cleanup_close_ int rootfs_fd = -1;
  _cleanup_close_ int dev_fd = -1;
  _cleanup_close_ int mount_ns_fd = -1;
  struct vtpm_container_dev *made;

  if (check_user_namespace (proc_fd, error) < 0
      || open_rootfs (proc_fd, rootfs, &rootfs_fd, error) < 0
      || open_dev (rootfs_fd, &dev_fd, error) < 0 || check_own_tmpfs (dev_fd, error) < 0
      || check_mount_options (dev_fd, error) < 0)
    return -1;
  mount_ns_fd = openat (proc_fd, "ns/mnt", O_RDONLY | O_CLOEXEC);
  if (mount_ns_fd < 0)
    return vtpm_error_set (error, errno, "cannot open the container's mount namespace");
  made = calloc (1, sizeof (*made));
  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "/dev in the container");
  made->fd = vtpm_steal_fd (&dev_fd);
  made->mount_ns_fd = vtpm_steal_fd (&mount_ns_fd);
  *dev = made;
  return 0;
}

static int
check_name (const char *name, struct vtpm_error **error)
{
  if (name[0] == '\0' || strchr (name, '/') != NULL || strcmp (name, ".") == 0
      || strcmp (name, "..") == 0)
    return vtpm_error_set_plain (error, EINVAL, "\"%s\" cannot be a node's name", name);
  return 0;
}

static int
check_node (const struct vtpm_node *node, struct vtpm_error **error)
{
  if (check_name (node->name, error) < 0)
    return -1;
  if ((node->mode & ~(mode_t) 0777) != 0 || node->number.major > VTPM_DEVICE_MAJOR_MAX
      || node->number.minor > VTPM_DEVICE_MINOR_MAX)
    return vtpm_error_set_plain (error, EINVAL, "/dev/%s in the container: device %u:%u, mode %o",
                                 node->name, node->number.major, node->number.minor,
                                 (unsigned int) node->mode);
  return 0;
}

static int
make_inode (int dev_fd, const char *name, mode_t mode, dev_t number, struct vtpm_error **error)
{
  mode_t saved_umask = umask (0);
  int result = mknodat (dev_fd, name, mode, number);
  int mknod_errno = errno;
  char description[DESCRIPTION_SIZE];
  struct stat status;

  umask (saved_umask);
  if (result == 0)
    return 0;
  if (mknod_errno == EEXIST && fstatat (dev_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
    return vtpm_error_set_plain (error, EEXIST,
                                 "/dev/%s in the container is %s already, left as it is", name,
                                 describe (&status, description));
  return vtpm_error_set (error, mknod_errno, "cannot make /dev/%s in the container", name);
}

/* Opens what has the name now, which is what was just made unless the
   container's /dev is shared with somebody hostile: nothing is done to any
   other file.  */
static int
open_made_inode (int dev_fd, const char *name, mode_t type, dev_t number, int *made_fd,
                 struct vtpm_error **error)
{
  _cleanup_close_ int fd = openat (dev_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  char description[DESCRIPTION_SIZE];
  struct stat status;

  if (fd < 0)
    {
      vtpm_error_set (error, errno, "cannot open /dev/%s in the container", name);
      unlinkat (dev_fd, name, 0);
      return -1;
    }
  if (fstat (fd, &status) < 0)
    return vtpm_error_set (error, errno, "cannot examine /dev/%s in the container", name);
  if ((status.st_mode & S_IFMT) != type || status.st_rdev != number)
    return vtpm_error_set_plain (error, EEXIST, "/dev/%s in the container has been replaced by %s",
                                 name, describe (&status, description));
  *made_fd = vtpm_steal_fd (&fd);
  return 0;
}

/* Only a process in the container's mount namespace can change its mounts, and
   setns(2) is for good: CHANGE runs in a child there.  Returns its errno value, 0
   if it succeeded.  */
static int
run_in_container (const struct vtpm_container_dev *dev, int (*change) (const void *context),
                  const void *context)
{
  pid_t pid = fork ();
  int status = 0;

  if (pid < 0)
    return errno;
  if (pid == 0)
    _exit (setns (dev->mount_ns_fd, CLONE_NEWNS) == 0 && change (context) == 0 ? 0 : errno);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    continue;
  return WIFEXITED (status) ? WEXITSTATUS (status) : EINTR;
}

struct attachment
{
  int mount_fd;
  int file_fd;
};

static int
attach (const void *context)
{
  const struct attachment *attachment = context;

  return move_mount (attachment->mount_fd, "", attachment->file_fd, "",
                     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

struct detachment
{
  int dev_fd;
  const char *name;
};

static int
detach (const void *context)
{
  const struct detachment *detachment = context;

  if (fchdir (detachment->dev_fd) < 0)
    return -1;
  return umount2 (detachment->name, MNT_DETACH | UMOUNT_NOFOLLOW);
}

static void
remove_inode (int dev_fd, const struct placed *placed)
{
  struct stat ours, found;

  if (fstat (placed->fd, &ours) == 0
      && fstatat (dev_fd, placed->name, &found, AT_SYMLINK_NOFOLLOW) == 0
      && ours.st_dev == found.st_dev && ours.st_ino == found.st_ino)
    unlinkat (dev_fd, placed->name, 0);
}

static void
clear_placed (struct placed *placed)
{
  vtpm_cleanup_close (&placed->fd);
  vtpm_cleanup_free (&placed->name);
}

/* Makes an inode that is ours: *PLACED.  */
static int
make_placed (struct vtpm_container_dev *dev, const char *name, mode_t mode, dev_t number,
             struct placed *placed, struct vtpm_error **error)
{
  *placed = (struct placed) { .fd = -1 };
  if (dev->count == VTPM_CONTAINER_NODES_MAX)
    return vtpm_error_set_plain (error, ENOSPC, "/dev/%s in the container: too many nodes", name);
  placed->name = strdup (name);
  if (placed->name == NULL)
    return vtpm_error_set (error, ENOMEM, "/dev/%s in the container", name);
  if (make_inode (dev->fd, name, mode, number, error) == 0
      && open_made_inode (dev->fd, name, mode & S_IFMT, number, &placed->fd, error) == 0)
    return 0;
  clear_placed (placed);
  return -1;
}

int
vtpm_container_dev_place (struct vtpm_container_dev *dev, const struct vtpm_node *node,
                          struct vtpm_error **error)
{
  struct placed placed;

  if (check_node (node, error) < 0
      || make_placed (dev, node->name, S_IFCHR | node->mode,
                      makedev (node->number.major, node->number.minor), &placed, error)
             < 0)
    return -1;
  if (fchownat (placed.fd, "", node->uid, node->gid, AT_EMPTY_PATH) < 0)
    {
      vtpm_error_set (error, errno, "cannot change the owner of /dev/%s in the container",
                      node->name);
      remove_inode (dev->fd, &placed);
      clear_placed (&placed);
      return -1;
    }
  dev->placed[dev->count++] = placed;
  return 0;
}

int
vtpm_container_dev_mount (struct vtpm_container_dev *dev, const char *name, int mount_fd,
                          struct vtpm_error **error)
{
  struct attachment attachment = { .mount_fd = mount_fd };
  struct placed placed;
  int errnum;

  if (check_name (name, error) < 0
      || make_placed (dev, name, S_IFREG | 0600, 0, &placed, error) < 0)
    return -1;
  attachment.file_fd = placed.fd;
  errnum = run_in_container (dev, attach, &attachment);
  if (errnum != 0)
    {
      vtpm_error_set (error, errnum, "cannot mount a file on /dev/%s in the container", name);
      remove_inode (dev->fd, &placed);
      clear_placed (&placed);
      return -1;
    }
  placed.is_mounted_on = true;
  dev->placed[dev->count++] = placed;
  return 0;
}

void
vtpm_container_dev_undo (struct vtpm_container_dev *dev)
{
  while (dev->count > 0)
    {
      struct placed *last = &dev->placed[--dev->count];
      const struct detachment detachment = { .dev_fd = dev->fd, .name = last->name };

      if (last->is_mounted_on)
        run_in_container (dev, detach, &detachment);
      remove_inode (dev->fd, last);
      clear_placed (last);
    }
}

void
vtpm_container_dev_free (struct vtpm_container_dev *dev)
{
  if (dev == NULL)
    return;
  while (dev->count > 0)
    clear_placed (&dev->placed[--dev->count]);
  vtpm_cleanup_close (&dev->fd);
  vtpm_cleanup_close (&dev->mount_ns_fd);
  free (dev);
}
