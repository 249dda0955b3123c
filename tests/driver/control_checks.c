/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/* /dev/vtpmx and what it gives.  */
#include "checks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vtpm_proxy.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pair.h"

static int
open_control (void)
{
  int fd = open ("/dev/vtpmx", O_RDWR | O_CLOEXEC);

  if (fd < 0)
    give_up ("cannot open /dev/vtpmx: %s", strerror (errno));
  return fd;
}

static int
ask (int fd, unsigned int flags)
{
  struct vtpm_proxy_new_dev request = { .flags = flags };

  if (ioctl (fd, VTPM_PROXY_IOC_NEW_DEV, &request) < 0)
    return errno;
  close ((int) request.fd);
  return 0;
}

static void
as_root (void)
{
  int fd = open_control ();

  see ("%s", name_of (ask (fd, 0)));
  see ("%s", name_of (ask (fd, VTPM_PROXY_FLAG_TPM2)));
}

static void
without_privilege (void)
{
  int fd = open_control ();

  if (setresuid (65534, 65534, 65534) < 0)
    give_up ("setresuid");
  see ("%s", name_of (ask (fd, VTPM_PROXY_FLAG_TPM2)));
  see ("%s", name_of (ask (fd, 2)));
}

static void
as_root_of_a_namespace (void)
{
  int fd = open_control ();

  if (unshare (CLONE_NEWUSER) < 0)
    give_up ("unshare: %s", strerror (errno));
  see ("%s", name_of (ask (fd, VTPM_PROXY_FLAG_TPM2)));
}

static void
unknown_flags (void)
{
  int fd = open_control ();

  see ("%s", name_of (ask (fd, 2)));
  see ("%s", name_of (ask (fd, 3)));
  see ("%s", name_of (ask (fd, 0x80000000)));
}

static void
no_argument (void)
{
  see ("%s", name_of (ioctl (open_control (), VTPM_PROXY_IOC_NEW_DEV, (void *) 8) < 0 ? errno : 0));
}

/* It can be read but not written: a pair is made, and unmade again.  */
static void
read_only_argument (void)
{
  void *page = mmap (NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int fd = open_control (), next = dup (fd);

  close (next);
  see ("%s", name_of (ioctl (fd, VTPM_PROXY_IOC_NEW_DEV, page) < 0 ? errno : 0));
  see ("descriptor %s", dup (fd) == next ? "free" : "lost");
}

static void
other_requests (void)
{
  struct vtpm_proxy_new_dev request = { .flags = 0 };
  int fd = open_control ();

  see ("%s", name_of (ioctl (fd, _IOWR (0xa1, 0x01, request), &request) < 0 ? errno : 0));
  see ("%s", name_of (ioctl (fd, _IOWR (0xa1, 0x00, uint32_t), &request) < 0 ? errno : 0));
}

static void
no_descriptor_left (void)
{
  int fd = open_control ();
  const struct rlimit limit = { .rlim_cur = (rlim_t) fd + 1, .rlim_max = (rlim_t) fd + 1 };

  setrlimit (RLIMIT_NOFILE, &limit);
  see ("%s", name_of (ask (fd, 0)));
}

static void
reading_control (void)
{
  char byte = 0;
  int fd = open_control ();

  see ("%s", name_of (read (fd, &byte, 1) < 0 ? errno : 0));
  see ("%s", name_of (write (fd, &byte, 1) < 0 ? errno : 0));
  see ("%s", name_of (lseek (fd, 1, SEEK_SET) < 0 ? errno : 0));
}

static void
server_file (void)
{
  struct pair pair = pair_make (true);
  char link[64], name[64] = "";

  snprintf (link, sizeof (link), "/proc/self/fd/%d", pair.server_fd);
  if (readlink (link, name, sizeof (name) - 1) < 0)
    give_up ("readlink");
  see ("%s", name);
  see ("%s", (fcntl (pair.server_fd, F_GETFL) & O_ACCMODE) == O_RDWR ? "O_RDWR" : "?");
  see ("%s", fcntl (pair.server_fd, F_GETFD) == 0 ? "inherited" : "O_CLOEXEC");
  see ("lseek %s", name_of (lseek (pair.server_fd, 0, SEEK_SET) < 0 ? errno : 0));
  see ("ioctl %s", name_of (ioctl (pair.server_fd, VTPM_PROXY_IOC_NEW_DEV, name) < 0 ? errno : 0));
}

static void
see_number (const struct pair *pair, const char *class)
{
  char path[64], text[32] = "none";
  FILE *file;

  snprintf (path, sizeof (path), "/sys/class/%s/%s%u/dev", class, class, pair->number);
  file = fopen (path, "re");
  if (file != NULL && fscanf (file, "%31s", text) != 1)
    give_up ("%s", path);
  if (file != NULL)
    fclose (file);
  see ("%s %s", class, text);
}

/* The dynamic major number is not always the same.  */
static void
numbers (bool tpm2)
{
  struct pair first = pair_make_registered (tpm2), second = pair_make_registered (tpm2);
  char path[64], version[8] = "";
  FILE *file;

  see ("%u:%u", first.major, first.minor);
  see_number (&first, "tpm");
  see ("then %u", second.minor);
  see ("%s", second.major >= 234 ? "dynamic" : "?");
  snprintf (path, sizeof (path), "/sys/class/tpm/tpm%u/tpm_version_major", first.number);
  file = fopen (path, "re");
  if (file == NULL || fscanf (file, "%7s", version) != 1)
    give_up ("%s", path);
  see ("version %s", version);
  snprintf (path, sizeof (path), "/sys/class/tpmrm/tpmrm%u", first.number);
  see ("%s tpmrm", access (path, F_OK) == 0 ? "a" : "no");
}

static void
numbers_of_tpm2 (void)
{
  numbers (true);
}

static void
numbers_of_tpm1 (void)
{
  numbers (false);
}

static const struct check checks[] = {
  { "root makes pairs of both kinds", as_root, "OK, OK", NULL, NULL },
  { "without CAP_SYS_ADMIN, even with an unknown flag", without_privilege, "EPERM, EPERM", NULL,
    NULL },
  { "root of a user namespace", as_root_of_a_namespace, "EPERM", NULL, NULL },
  { "unknown flags", unknown_flags, "EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP", NULL, NULL },
  { "an argument that cannot be read", no_argument, "EFAULT", NULL, NULL },
  { "an argument that cannot be written", read_only_argument, "EFAULT, descriptor free", NULL,
    NULL },
  { "other ioctls", other_requests, "ENOTTY, ENOTTY", NULL, NULL },
  { "no descriptor left", no_descriptor_left, "EMFILE", NULL, NULL },
  { "read, write and lseek on /dev/vtpmx", reading_control, "EINVAL, EINVAL, OK", NULL, NULL },
  { "the server's file", server_file,
    "anon_inode:[vtpms], O_RDWR, inherited, lseek ESPIPE, ioctl ENOTTY", NULL, NULL },
  { "numbers of TPM 2.0", numbers_of_tpm2,
    "10:224, tpm 10:224, then 1, dynamic, version 2, a tpmrm", NULL, NULL },
  { "numbers of TPM 1.2", numbers_of_tpm1,
    "10:224, tpm 10:224, then 1, dynamic, version 1, no tpmrm", NULL, NULL },
};

const struct check_list control_checks = CHECK_LIST (checks);
