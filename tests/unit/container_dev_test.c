/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "container_dev.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "container_process.h"

/*
 * The "container" is a child in a mount namespace of its own, in which a
 * tmpfs on BASE holds the rootfs.  Each test says what is done there first.
 */

static char base[] = "/tmp/container_dev_test.XXXXXX";
static pid_t init;
static int proc_fd = -1;

/* What a child does in its namespace, its working directory being BASE.
   Returns 0 or -1 with errno.  */
typedef int (*preparation) (void);

static int
enter_namespace (int extra_flags)
{
  if (unshare (CLONE_NEWNS | extra_flags) < 0
      || mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
      || mount ("tmpfs", base, "tmpfs", 0, NULL) < 0)
    return -1;
  umask (0);
  return chdir (base);
}

static void
start_container (preparation prepare, int extra_flags)
{
  _cleanup_close_ int pidfd = -1;
  int fds[2], problem;

  if (geteuid () != 0)
    cr_skip_test ("container_dev needs root");
  cr_assert_not_null (mkdtemp (base));
  cr_assert_eq (pipe (fds), 0);
  init = fork ();
  cr_assert_geq (init, 0);
  if (init == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      problem = enter_namespace (extra_flags) < 0 || prepare () < 0 ? errno : 0;
      if (write (fds[1], &problem, sizeof (problem)) < 0)
        _exit (1);
      for (;;)
        pause ();
    }
  cr_assert_eq (read (fds[0], &problem, sizeof (problem)), (ssize_t) sizeof (problem));
  cr_assert_eq (problem, 0, "cannot prepare the container: %s", strerror (problem));
  close (fds[0]);
  close (fds[1]);
  pidfd = (int) syscall (SYS_pidfd_open, init, 0);
  cr_assert_eq (vtpm_container_process_open (init, pidfd, &proc_fd, NULL), 0);
}

static void
end_container (void)
{
  vtpm_cleanup_close (&proc_fd);
  if (init > 0)
    {
      kill (init, SIGKILL);
      waitpid (init, NULL, 0);
      rmdir (base);
    }
}

/* A path in the rootfs as this process can use it.  */
static const char *
inside (const char *path)
{
  static char buffer[PATH_MAX];

  snprintf (buffer, sizeof (buffer), "/proc/%d/root%s/rootfs/%s", (int) init, base, path);
  return buffer;
}

static int
open_dev (const char *below_base, struct vtpm_container_dev **dev, struct vtpm_error **error)
{
  char rootfs[PATH_MAX];

  snprintf (rootfs, sizeof (rootfs), "%s/%s", base, below_base);
  return vtpm_container_dev_open (proc_fd, rootfs, dev, error);
}

static struct vtpm_container_dev *
must_open_dev (const char *below_base)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_container_dev *dev = NULL;

  cr_assert_eq (open_dev (below_base, &dev, &error), 0, "%s",
                error != NULL ? vtpm_error_message (error) : "");
  return dev;
}

static void
check_message (const struct vtpm_error *error, int errnum, const char *words)
{
  cr_assert_eq (vtpm_error_errnum (error), errnum, "%s", vtpm_error_message (error));
  cr_assert_not_null (strstr (vtpm_error_message (error), words), "%s", vtpm_error_message (error));
}

static void
check_open_fails (int errnum, const char *words)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_container_dev *dev = NULL;

  cr_assert_eq (open_dev ("rootfs", &dev, &error), -1, "not refused: %s", words);
  cr_assert_null (dev);
  check_message (error, errnum, words);
}

static void
check_place_fails (struct vtpm_container_dev *dev, const struct vtpm_node *node, int errnum,
                   const char *words)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  cr_assert_eq (vtpm_container_dev_place (dev, node, &error), -1);
  check_message (error, errnum, words);
}

static bool
exists (const char *path)
{
  struct stat status;

  return lstat (inside (path), &status) == 0;
}

static void
check_is_node (const char *path, const struct vtpm_node *node)
{
  struct stat status;

  cr_assert_eq (lstat (inside (path), &status), 0);
  cr_assert_eq (status.st_mode, S_IFCHR | node->mode, "mode %o", status.st_mode);
  cr_assert_eq (status.st_rdev, makedev (node->number.major, node->number.minor));
  cr_assert_eq (status.st_uid, node->uid);
  cr_assert_eq (status.st_gid, node->gid);
}

static const struct vtpm_node tpm0 = { "tpm0", { 10, 224 }, 1234, 5678, 0660 };
static const struct vtpm_node tpmrm0 = { "tpmrm0", { 250, 65536 }, 0, 0, 0666 };

static int
prepare_rootfs (void)
{
  return mkdir ("rootfs", 0755);
}

static int
prepare_tmpfs_with (unsigned long flags)
{
  if (prepare_rootfs () < 0 || mkdir ("rootfs/dev", 0755) < 0)
    return -1;
  return mount ("tmpfs", "rootfs/dev", "tmpfs", flags, NULL);
}

static int
prepare_tmpfs (void)
{
  return prepare_tmpfs_with (MS_NOSUID);
}

TestSuite (container_dev, .fini = end_container);

Test (container_dev, places_nodes_with_owner_and_mode)
{
  _cleanup_container_dev_ struct vtpm_container_dev *dev = NULL;

  start_container (prepare_tmpfs, 0);
  dev = must_open_dev ("rootfs");
  umask (0177);
  cr_assert_eq (vtpm_container_dev_place (dev, &tpm0, NULL), 0);
  cr_assert_eq (vtpm_container_dev_place (dev, &tpmrm0, NULL), 0);
  cr_assert_eq (umask (0), 0177, "the umask has changed");
  check_is_node ("dev/tpm0", &tpm0);
  check_is_node ("dev/tpmrm0", &tpmrm0);
}

Test (container_dev, keeps_the_nodes_when_freed)
{
  start_container (prepare_tmpfs, 0);
  struct vtpm_container_dev *dev = must_open_dev ("rootfs");

  cr_assert_eq (vtpm_container_dev_place (dev, &tpm0, NULL), 0);
  vtpm_container_dev_free (dev);
  check_is_node ("dev/tpm0", &tpm0);
}

static int
prepare_links_to_rootfs (void)
{
  char target[PATH_MAX];

  snprintf (target, sizeof (target), "%s/rootfs", base);
  return prepare_tmpfs () < 0 || symlink (target, "absolute") < 0
                 || symlink ("rootfs", "relative") < 0
             ? -1
             : 0;
}

Test (container_dev, follows_the_administrators_links_to_the_rootfs)
{
  start_container (prepare_links_to_rootfs, 0);
  vtpm_container_dev_free (must_open_dev ("absolute"));
  vtpm_container_dev_free (must_open_dev ("relative"));
}

static int
prepare_chroot (void)
{
  return prepare_tmpfs () < 0 || symlink ("/../../rootfs", "link") < 0 || chroot (".") < 0 ? -1 : 0;
}

Test (container_dev, stays_below_the_root_of_the_containers_init)
{
  _cleanup_container_dev_ struct vtpm_container_dev *dev = NULL;
  _cleanup_error_ struct vtpm_error *error = NULL;

  start_container (prepare_chroot, 0);
  cr_assert_eq (vtpm_container_dev_open (proc_fd, "/link", &dev, &error), 0, "%s",
                error != NULL ? vtpm_error_message (error) : "");
}

Test (container_dev, refuses_a_rootfs_that_is_missing_or_relative)
{
  _cleanup_error_ struct vtpm_error *missing = NULL;
  _cleanup_error_ struct vtpm_error *relative = NULL;
  struct vtpm_container_dev *dev = NULL;

  start_container (prepare_tmpfs, 0);
  cr_assert_eq (open_dev ("elsewhere", &dev, &missing), -1);
  check_message (missing, ENOENT, "elsewhere");
  cr_assert_eq (vtpm_container_dev_open (proc_fd, "rootfs", &dev, &relative), -1);
  check_message (relative, EINVAL, "absolute");
}

Test (container_dev, refuses_a_missing_dev)
{
  start_container (prepare_rootfs, 0);
  check_open_fails (ENOENT, "cannot open /dev in the container");
}

static int
prepare_file (void)
{
  return prepare_rootfs () < 0 || mknod ("rootfs/dev", S_IFREG | 0644, 0) < 0 ? -1 : 0;
}

Test (container_dev, refuses_a_file_for_dev)
{
  start_container (prepare_file, 0);
  check_open_fails (ENOTDIR, "a regular file");
}

/* Each link leads to a directory in which a node could be made.  */
static int
prepare_link (const char *target)
{
  if (mkdir ("outside", 0755) < 0 || mount ("tmpfs", "outside", "tmpfs", 0, NULL) < 0
      || prepare_rootfs () < 0)
    return -1;
  return symlink (target, "rootfs/dev");
}

static int
prepare_absolute_link (void)
{
  char target[PATH_MAX];

  snprintf (target, sizeof (target), "%s/outside", base);
  return prepare_link (target);
}

static int
prepare_dotdot_link (void)
{
  return prepare_link ("../outside");
}

static int
prepare_inner_link (void)
{
  return prepare_link ("inner") < 0 || mkdir ("rootfs/inner", 0755) < 0
                 || mount ("tmpfs", "rootfs/inner", "tmpfs", 0, NULL) < 0
             ? -1
             : 0;
}

static int
prepare_magic_link (void)
{
  return prepare_link ("/proc/self/cwd");
}

Test (container_dev, refuses_an_absolute_link_for_dev)
{
  start_container (prepare_absolute_link, 0);
  check_open_fails (ENOTDIR, "a symbolic link");
}

Test (container_dev, refuses_a_link_out_of_the_rootfs_for_dev)
{
  start_container (prepare_dotdot_link, 0);
  check_open_fails (ENOTDIR, "a symbolic link");
}

Test (container_dev, refuses_a_link_inside_of_the_rootfs_for_dev)
{
  start_container (prepare_inner_link, 0);
  check_open_fails (ENOTDIR, "a symbolic link");
}

Test (container_dev, refuses_a_magic_link_for_dev)
{
  start_container (prepare_magic_link, 0);
  check_open_fails (ENOTDIR, "a symbolic link");
}

static int
prepare_directory (void)
{
  return prepare_rootfs () < 0 || mkdir ("rootfs/dev", 0755) < 0 ? -1 : 0;
}

Test (container_dev, refuses_a_dev_of_the_image)
{
  start_container (prepare_directory, 0);
  check_open_fails (EINVAL, "mount a tmpfs on /dev");
}

static int
prepare_ramfs (void)
{
  return prepare_directory () < 0 ? -1 : mount ("ramfs", "rootfs/dev", "ramfs", 0, NULL);
}

Test (container_dev, refuses_another_file_system)
{
  start_container (prepare_ramfs, 0);
  check_open_fails (EINVAL, "0x858458f6");
}

static int
prepare_host_dev (void)
{
  return prepare_directory () < 0 ? -1 : mount ("/dev", "rootfs/dev", NULL, MS_BIND | MS_REC, NULL);
}

Test (container_dev, refuses_the_hosts_dev)
{
  start_container (prepare_host_dev, 0);
  check_open_fails (EINVAL, "the host's file system at /dev");
}

/* This process plays the host: its mount namespace has the tmpfs, too.  */
static int
prepare_host_tmpfs (void)
{
  return prepare_directory () < 0 ? -1 : mount ("/mnt", "rootfs/dev", NULL, MS_BIND, NULL);
}

Test (container_dev, refuses_a_tmpfs_of_the_host)
{
  cr_assert_eq (unshare (CLONE_NEWNS), 0);
  cr_assert_eq (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
  cr_assert_eq (mount ("tmpfs", "/mnt", "tmpfs", 0, NULL), 0);
  start_container (prepare_host_tmpfs, 0);
  check_open_fails (EINVAL, "the host's file system at /mnt");
}

static int
prepare_read_only (void)
{
  return prepare_tmpfs_with (MS_RDONLY);
}

Test (container_dev, refuses_a_read_only_dev)
{
  start_container (prepare_read_only, 0);
  check_open_fails (EROFS, "/dev in the container");
}

static int
prepare_nodev (void)
{
  return prepare_tmpfs_with (MS_NODEV);
}

Test (container_dev, refuses_a_nodev_dev)
{
  start_container (prepare_nodev, 0);
  check_open_fails (EINVAL, "nodev");
}

static int
prepare_nothing (void)
{
  return 0;
}

Test (container_dev, refuses_a_user_namespace)
{
  start_container (prepare_nothing, CLONE_NEWUSER);
  check_open_fails (ENOTSUP, "user namespace");
}

static int
make_socket (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  snprintf (address.sun_path, sizeof (address.sun_path), "%s", path);
  return bind (fd, (const struct sockaddr *) &address, sizeof (address));
}

static const struct
{
  const char *name;
  const char *words;
} taken[] = {
  { "file", "is a regular file already" },
  { "directory", "is a directory already" },
  { "link", "is a symbolic link already" },
  { "dangling", "is a symbolic link already" },
  { "fifo", "is a FIFO already" },
  { "socket", "is a socket already" },
  { "char", "is a character device 10:224 already" },
  { "block", "is a block device 7:300 already" },
};

static int
prepare_taken (void)
{
  if (prepare_tmpfs () < 0 || chdir ("rootfs/dev") < 0)
    return -1;
  return mknod ("file", S_IFREG | 0644, 0) < 0 || mkdir ("directory", 0755) < 0
                 || symlink ("file", "link") < 0 || symlink ("/nowhere", "dangling") < 0
                 || mkfifo ("fifo", 0600) < 0 || make_socket ("socket") < 0
                 || mknod ("char", S_IFCHR | 0600, makedev (10, 224)) < 0
                 || mknod ("block", S_IFBLK | 0600, makedev (7, 300)) < 0
             ? -1
             : 0;
}

Test (container_dev, leaves_alone_what_is_there)
{
  _cleanup_container_dev_ struct vtpm_container_dev *dev = NULL;

  start_container (prepare_taken, 0);
  dev = must_open_dev ("rootfs");
  for (size_t i = 0; i < sizeof (taken) / sizeof (taken[0]); i++)
    {
      struct vtpm_node node = { taken[i].name, { 10, 224 }, 1, 1, 0666 };
      struct stat before, after;
      char path[64];

      snprintf (path, sizeof (path), "dev/%s", taken[i].name);
      cr_assert_eq (lstat (inside (path), &before), 0);
      check_place_fails (dev, &node, EEXIST, taken[i].words);
      vtpm_container_dev_undo (dev);
      cr_assert_eq (lstat (inside (path), &after), 0);
      cr_assert_eq (before.st_ino, after.st_ino);
      cr_assert_eq (before.st_mode, after.st_mode);
      cr_assert_eq (before.st_uid, after.st_uid);
      cr_assert_eq (before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
    }
  cr_assert_not (exists ("nowhere"));
}

Test (container_dev, undo_removes_what_was_placed)
{
  _cleanup_container_dev_ struct vtpm_container_dev *dev = NULL;

  start_container (prepare_taken, 0);
  dev = must_open_dev ("rootfs");
  cr_assert_eq (vtpm_container_dev_place (dev, &tpm0, NULL), 0);
  cr_assert_eq (vtpm_container_dev_place (dev, &tpmrm0, NULL), 0);
  vtpm_container_dev_undo (dev);
  cr_assert_not (exists ("dev/tpm0"));
  cr_assert_not (exists ("dev/tpmrm0"));
  cr_assert (exists ("dev/char"));
  cr_assert_eq (vtpm_container_dev_place (dev, &tpm0, NULL), 0, "not placed again after undo");
}

Test (container_dev, undo_leaves_what_has_taken_the_place)
{
  _cleanup_container_dev_ struct vtpm_container_dev *dev = NULL;
  const struct vtpm_node same = { "tpmrm0", { 250, 65536 }, 0, 0, 0600 };

  start_container (prepare_tmpfs, 0);
  dev = must_open_dev ("rootfs");
  cr_assert_eq (vtpm_container_dev_place (dev, &tpm0, NULL), 0);
  cr_assert_eq (vtpm_container_dev_place (dev, &tpmrm0, NULL), 0);
  cr_assert_eq (unlink (inside ("dev/tpm0")), 0);
  cr_assert_eq (mkdir (inside ("dev/tpm0"), 0755), 0);
  cr_assert_eq (unlink (inside ("dev/tpmrm0")), 0);
  cr_assert_eq (mknod (inside ("dev/tpmrm0"), S_IFCHR | 0600, makedev (250, 65536)), 0);
  vtpm_container_dev_undo (dev);
  cr_assert (exists ("dev/tpm0"));
  check_is_node ("dev/tpmrm0", &same);
}

static void
drop_capability (unsigned int capability)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

  cr_assert_eq (syscall (SYS_capget, &header, data), 0);
  data[CAP_TO_INDEX (capability)].effective &= ~CAP_TO_MASK (capability);
  cr_assert_eq (syscall (SYS_capset, &header, data), 0);
}

Test (container_dev, leaves_nothing_of_a_node_that_it_cannot_finish)
{
  _cleanup_container_dev_ struct vtpm_container_dev *dev = NULL;

  start_container (prepare_tmpfs, 0);
  dev = must_open_dev ("rootfs");
  drop_capability (CAP_CHOWN);
  check_place_fails (dev, &tpm0, EPERM, "cannot change the owner of /dev/tpm0");
  cr_assert_not (exists ("dev/tpm0"));
}

Test (container_dev, says_that_it_cannot_make_a_node)
{
  _cleanup_container_dev_ struct vtpm_container_dev *dev = NULL;

  start_container (prepare_tmpfs, 0);
  dev = must_open_dev ("rootfs");
  drop_capability (CAP_MKNOD);
  check_place_fails (dev, &tpm0, EPERM, "cannot make /dev/tpm0 in the container");
}

Test (container_dev, refuses_names_that_are_paths)
{
  _cleanup_container_dev_ struct vtpm_container_dev *dev = NULL;
  static const char *const names[] = { "", ".", "..", "/tpm0", "a/b", "../tpm0", "tpm0/" };

  start_container (prepare_tmpfs, 0);
  dev = must_open_dev ("rootfs");
  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    {
      struct vtpm_node node = tpm0;

      node.name = names[i];
      check_place_fails (dev, &node, EINVAL, "cannot be a node's name");
    }
  cr_assert_not (exists ("tpm0"));
}

Test (container_dev, refuses_modes_and_numbers_that_no_node_has)
{
  _cleanup_container_dev_ struct vtpm_container_dev *dev = NULL;
  struct vtpm_node node = tpm0;

  start_container (prepare_tmpfs, 0);
  dev = must_open_dev ("rootfs");
  node.mode = 04660;
  check_place_fails (dev, &node, EINVAL, "mode 4660");
  node.mode = S_IFBLK | 0660;
  check_place_fails (dev, &node, EINVAL, "mode");
  node = tpm0;
  node.number.major = VTPM_DEVICE_MAJOR_MAX + 1;
  check_place_fails (dev, &node, EINVAL, "4096:224");
  node = tpm0;
  node.number.minor = VTPM_DEVICE_MINOR_MAX + 1;
  check_place_fails (dev, &node, EINVAL, "10:1048576");
}

Test (container_dev, places_only_so_many)
{
  _cleanup_container_dev_ struct vtpm_container_dev *dev = NULL;
  struct vtpm_node node = tpm0;
  char name[16];

  start_container (prepare_tmpfs, 0);
  dev = must_open_dev ("rootfs");
  node.name = name;
  for (unsigned int i = 0; i < VTPM_CONTAINER_NODES_MAX; i++)
    {
      snprintf (name, sizeof (name), "tpm%u", i);
      cr_assert_eq (vtpm_container_dev_place (dev, &node, NULL), 0);
    }
  snprintf (name, sizeof (name), "one-more");
  check_place_fails (dev, &node, ENOSPC, "too many");
  cr_assert_not (exists ("dev/one-more"));
}
