/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "host_key_access.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "host_key_fixture.h"
#include "lock_waiter.h"

static struct vtpm_host_config config;

static void
set_up (void)
{
  make_keyed_host (&config);
}

TestSuite (host_key_access, .init = set_up, .fini = remove_temp_dir, .timeout = 60);

static void
expect_keys (size_t count, uint8_t first)
{
  struct vtpm_host_keys keys;
  _cleanup_close_ int hold_fd = -1;

  assert_success (vtpm_host_key_access (&config, &keys, &hold_fd, &error));
  cr_expect_eq (keys.count, count);
  cr_expect_eq (keys.key[0][0], first);
}

Test (host_key_access, makes_the_first_key)
{
  struct vtpm_host_keys keys;
  _cleanup_close_ int hold_fd = -1;

  assert_success (vtpm_host_key_access (&config, &keys, &hold_fd, &error));
  cr_expect_eq (keys.count, 1);
  cr_expect_geq (hold_fd, 0);
  expect_keys (1, keys.key[0][0]);
}

Test (host_key_access, fetches_all_keys)
{
  write_host_key ("host.key", 7);
  write_host_key ("host.key.previous", 6);
  expect_keys (2, 7);
}

/* Instances that need a key which somebody lost must not get another.  */
Test (host_key_access, makes_no_key_for_others_instances)
{
  struct vtpm_host_keys keys;
  int hold_fd = -1;

  cr_assert_eq (mkdir (temp_path ("instances/local/web"), 0700), 0);
  expect_error (vtpm_host_key_access (&config, &keys, &hold_fd, &error), ENOENT,
                "there are instances, but not their key: cannot open host key ");
  cr_expect_eq (hold_fd, -1);
  cr_expect_neq (access (temp_path ("host.key"), F_OK), 0);
  write_host_key ("host.key", 7);
  expect_keys (1, 7);
}

static int
fetch (const struct vtpm_host_config *from, struct vtpm_error **error)
{
  struct vtpm_host_keys keys;
  int hold_fd = -1;
  int result = vtpm_host_key_access (from, &keys, &hold_fd, error);

  cr_expect_eq (hold_fd, -1);
  return result;
}

Test (host_key_access, says_what_is_wrong_with_a_key)
{
  expect_bad_keys_refused (&config, fetch);
}

/* The service manager replaces it, if anybody.  */
Test (host_key_access, holds_no_credential)
{
  struct vtpm_host_keys keys;
  int hold_fd = -1;

  strcpy (config.host_key_source, "credential");
  strcpy (config.host_key_location, "oci-vtpm");
  write_host_key ("oci-vtpm", 7);
  setenv ("CREDENTIALS_DIRECTORY", temp_dir, 1);
  assert_success (vtpm_host_key_access (&config, &keys, &hold_fd, &error));
  cr_expect_eq (keys.key[0][0], 7);
  cr_expect_eq (hold_fd, -1);
}

static bool
is_locked (const char *name)
{
  _cleanup_close_ int fd = open (temp_path (name), O_RDONLY | O_CLOEXEC);

  return flock (fd, LOCK_EX | LOCK_NB) < 0;
}

Test (host_key_access, is_held_until_all_have_closed)
{
  struct vtpm_host_keys keys;
  int one = -1, other = -1;

  write_host_key ("host.key", 7);
  assert_success (vtpm_host_key_access (&config, &keys, &one, &error));
  assert_success (vtpm_host_key_access (&config, &keys, &other, &error));
  close (one);
  cr_expect (is_locked ("host.key"));
  close (other);
  cr_expect (!is_locked ("host.key"));
}

/* The child waits for the lock, and we replace the key before it gets it.  */
Test (host_key_access, has_the_key_that_is_in_place)
{
  int lock_fd, status;
  pid_t pid;

  write_host_key ("host.key", 7);
  assert_success (vtpm_host_key_lock (config.host_key_location, &lock_fd, &error));
  cr_expect (is_locked ("host.key"));
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    {
      struct vtpm_host_keys keys;
      int hold_fd = -1;

      prctl (PR_SET_PDEATHSIG, SIGKILL);
      close (lock_fd); /* the parent's copy has the lock all the same */
      _exit (vtpm_host_key_access (&config, &keys, &hold_fd, NULL) == 0 && keys.count == 2
                     && keys.key[0][0] == 8 && is_locked ("host.key")
                 ? 0
                 : 1);
    }
  wait_for_lock_waiter (pid);
  cr_assert_eq (rename (temp_path ("host.key"), temp_path ("host.key.previous")), 0);
  write_host_key ("host.key", 8);
  close (lock_fd);
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_expect_eq (status, 0, "wait status %#x", status);
}

Test (host_key_access, locks_only_what_is_there)
{
  int lock_fd = -1;

  expect_error (vtpm_host_key_lock (config.host_key_location, &lock_fd, &error), ENOENT,
                "cannot open host key ");
  cr_expect_eq (lock_fd, -1);
}
