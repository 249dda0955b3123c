/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "device_cgroup_internal.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The kernel's files are played by ordinary ones in a temporary directory:
   what is written to them can be read.  */

static char directory[] = "/tmp/device_cgroup_v1_test.XXXXXX";
static int cgroup_fd = -1;

static const struct vtpm_device_number tpm[] = { { 10, 224 } };

static void
put_file (const char *name, const char *text)
{
  _cleanup_close_ int fd = openat (cgroup_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

  cr_assert_geq (fd, 0);
  cr_assert_eq (write (fd, text, strlen (text)), (ssize_t) strlen (text));
}

static void
check_file (const char *name, const char *expected)
{
  _cleanup_close_ int fd = openat (cgroup_fd, name, O_RDONLY);
  char text[128];
  ssize_t got = read (fd, text, sizeof (text) - 1);

  cr_assert_geq (got, 0);
  text[got] = '\0';
  cr_assert_str_eq (text, expected);
}

static void
make_cgroup (void)
{
  cr_assert_not_null (mkdtemp (directory));
  cgroup_fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cr_assert_geq (cgroup_fd, 0);
  put_file ("devices.list", "c *:* m\nc 1:3 rwm\n");
  put_file ("devices.allow", "");
  put_file ("devices.deny", "");
}

static void
remove_cgroup (void)
{
  unlinkat (cgroup_fd, "devices.list", 0);
  unlinkat (cgroup_fd, "devices.allow", 0);
  unlinkat (cgroup_fd, "devices.deny", 0);
  vtpm_cleanup_close (&cgroup_fd);
  rmdir (directory);
}

static struct vtpm_device_grant *
must_allow (void)
{
  struct vtpm_device_grant *grant = NULL;

  cr_assert_eq (vtpm_device_cgroup_v1.allow (cgroup_fd, directory, tpm, 1, &grant, NULL), 0);
  return grant;
}

TestSuite (device_cgroup_v1, .init = make_cgroup, .fini = remove_cgroup);

Test (device_cgroup_v1, allows_reading_and_writing_only)
{
  struct vtpm_device_grant *grant = must_allow ();

  check_file ("devices.allow", "c 10:224 rw");
  check_file ("devices.deny", "");
  vtpm_device_cgroup_v1.free_grant (grant);
  check_file ("devices.deny", "");
}

Test (device_cgroup_v1, takes_back)
{
  struct vtpm_device_grant *grant = must_allow ();

  vtpm_device_cgroup_v1.take_back (cgroup_fd, directory, grant);
  vtpm_device_cgroup_v1.free_grant (grant);
  check_file ("devices.deny", "c 10:224 rw");
}

Test (device_cgroup_v1, leaves_an_unrestricted_cgroup_alone)
{
  put_file ("devices.list", "a *:* rwm\n");
  cr_assert_null (must_allow (), "there would be something to take back");
  check_file ("devices.allow", "");
}

Test (device_cgroup_v1, takes_an_empty_list_for_a_restriction)
{
  put_file ("devices.list", "");
  vtpm_device_cgroup_v1.free_grant (must_allow ());
  check_file ("devices.allow", "c 10:224 rw");
}

Test (device_cgroup_v1, says_which_file_is_missing)
{
  static const char *const files[] = { "devices.allow", "devices.list" };
  struct vtpm_device_grant *grant = NULL;

  for (size_t i = 0; i < sizeof (files) / sizeof (files[0]); i++)
    {
      _cleanup_error_ struct vtpm_error *error = NULL;

      unlinkat (cgroup_fd, files[i], 0);
      cr_assert_eq (vtpm_device_cgroup_v1.allow (cgroup_fd, directory, tpm, 1, &grant, &error), -1);
      cr_assert_null (grant);
      cr_assert_eq (vtpm_error_errnum (error), ENOENT);
      cr_assert_not_null (strstr (vtpm_error_message (error), files[i]));
    }
}
