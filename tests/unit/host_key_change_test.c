/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "host_key_change.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "host_key_fixture.h"
#include "lock_waiter.h"

static char path[64];

static void
set_up (void)
{
  make_temp_dir ();
  write_host_key ("key", 7);
  snprintf (path, sizeof (path), "%s", temp_path ("key"));
}

TestSuite (host_key_change, .init = set_up, .fini = remove_temp_dir, .timeout = 60);

static struct vtpm_host_keys
look (bool wanted)
{
  struct vtpm_host_keys keys;
  bool changing;

  assert_success (vtpm_host_key_change_look (path, &keys, &changing, &error));
  cr_expect_eq (changing, wanted);
  return keys;
}

static void
expect_files (size_t wanted)
{
  _cleanup_closedir_ DIR *dir = opendir (temp_dir);
  size_t count = 0;

  while (readdir (dir) != NULL)
    count++;
  cr_expect_eq (count, wanted + 2, "%zu files", count - 2);
}

Test (host_key_change, begins_and_ends)
{
  struct vtpm_host_keys keys = look (false);
  struct stat status;

  umask (0);
  cr_expect_eq (keys.count, 1);
  assert_success (vtpm_host_key_change_begin (path, &error));
  keys = look (true);
  cr_expect_eq (keys.count, 2);
  cr_expect_eq (keys.key[1][0], 7);
  cr_assert_eq (lstat (path, &status), 0);
  cr_expect_eq (status.st_mode, S_IFREG | 0600);
  expect_files (2);
  expect_error (vtpm_host_key_change_begin (path, &error), EBUSY, "is being changed already");
  assert_success (vtpm_host_key_change_end (path, &error));
  cr_expect_arr_eq (look (false).key[0], keys.key[0], VTPM_HOST_KEY_SIZE);
  expect_files (1);
  assert_success (vtpm_host_key_change_end (path, &error));
}

/* Each state that a kill may leave.  */
Test (host_key_change, may_be_interrupted)
{
  struct vtpm_host_keys keys;

  write_temp_file ("key.new", "half", 4);
  assert_success (vtpm_host_key_change_begin (path, &error));
  assert_success (vtpm_host_key_change_end (path, &error));
  expect_files (1);

  keys = look (false);
  write_host_key ("key.new", 9);
  cr_assert_eq (link (path, temp_path ("key.previous")), 0);
  cr_expect_eq (look (false).count, 2);
  assert_success (vtpm_host_key_change_begin (path, &error));
  cr_expect_arr_eq (look (true).key[1], keys.key[0], VTPM_HOST_KEY_SIZE);
  expect_files (2);
}

Test (host_key_change, waits_for_who_is_about_to_use_the_key)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  int status;
  pid_t pid;

  cr_assert_eq (flock (fd, LOCK_SH), 0);
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      close (fd);
      _exit (vtpm_host_key_change_begin (path, NULL) == 0 ? 0 : 1);
    }
  wait_for_lock_waiter (pid);
  look (false);
  close (fd);
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_expect_eq (status, 0, "wait status %#x", status);
  look (true);
}

Test (host_key_change, needs_a_key)
{
  struct vtpm_host_keys keys;
  bool changing;

  cr_assert_eq (rename (path, temp_path ("elsewhere")), 0);
  expect_error (vtpm_host_key_change_look (path, &keys, &changing, &error), ENOENT,
                "cannot open host key ");
  expect_error (vtpm_host_key_change_begin (path, &error), ENOENT, "cannot open host key ");
  expect_error (vtpm_host_key_change_end (path, &error), ENOENT, "cannot open host key ");
  cr_assert_eq (symlink ("elsewhere", path), 0);
  expect_error (vtpm_host_key_change_begin (path, &error), ELOOP, "is a symbolic link");
  expect_files (2);
}
