/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "base_dirs.h"

#include <sys/stat.h>

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (base_dirs, .init = make_temp_dir, .fini = remove_temp_dir);

/* Some other user's: a test that is run as root hands directories to it.  */
static struct vtpm_user
someone (void)
{
  return geteuid () == 0 ? (struct vtpm_user) { 12345, 12346 }
                         : (struct vtpm_user) { geteuid (), getegid () };
}

static void
expect_dir (const char *name, uid_t owner, mode_t mode)
{
  struct stat status;

  cr_assert_eq (lstat (temp_path (name), &status), 0, "%s", name);
  cr_expect_eq (status.st_mode, S_IFDIR | mode, "%s: mode %o", name, status.st_mode);
  cr_expect_eq (status.st_uid, owner, "%s: owner %u", name, status.st_uid);
}

Test (base_dirs, are_made_whatever_the_umask)
{
  static const mode_t masks[] = { 0, 022, 077, 0777 };
  const struct vtpm_user user = someone ();

  for (size_t i = 0; i < sizeof (masks) / sizeof (masks[0]); i++)
    {
      umask (masks[i]);
      assert_success (vtpm_base_dirs_make_run (temp_path ("run"), &user, &error));
      assert_success (vtpm_base_dirs_make_state (temp_path ("state"), &user, &error));
      cr_expect_eq (umask (0), masks[i], "the umask was changed");
      expect_dir ("run", user.uid, 0755);
      expect_dir ("state", geteuid (), 0755);
      expect_dir ("state/instances", user.uid, 0700);
      cr_assert_eq (rmdir (temp_path ("run")), 0);
      cr_assert_eq (rmdir (temp_path ("state/instances")), 0);
      cr_assert_eq (rmdir (temp_path ("state")), 0);
    }
}

Test (base_dirs, are_left_as_they_are)
{
  const struct vtpm_user user = someone ();

  assert_success (vtpm_base_dirs_make_run (temp_path ("run"), &user, &error));
  assert_success (vtpm_base_dirs_make_state (temp_path ("state"), &user, &error));
  cr_assert_eq (chmod (temp_path ("run"), 0700), 0);
  cr_assert_eq (chmod (temp_path ("state"), 0711), 0);
  assert_success (vtpm_base_dirs_make_run (temp_path ("run"), &user, &error));
  assert_success (vtpm_base_dirs_make_state (temp_path ("state"), &user, &error));
  expect_dir ("run", user.uid, 0700);
  expect_dir ("state", geteuid (), 0711);
  expect_dir ("state/instances", user.uid, 0700);
}

/* A hook was killed between making a directory and handing it over.  */
Test (base_dirs, are_handed_over_later)
{
  const struct vtpm_user user = someone ();

  cr_assert_eq (mkdir (temp_path ("run"), 0755), 0);
  cr_assert_eq (mkdir (temp_path ("state"), 0755), 0);
  cr_assert_eq (mkdir (temp_path ("state/instances"), 0700), 0);
  assert_success (vtpm_base_dirs_make_run (temp_path ("run"), &user, &error));
  assert_success (vtpm_base_dirs_make_state (temp_path ("state"), &user, &error));
  expect_dir ("run", user.uid, 0755);
  expect_dir ("state/instances", user.uid, 0700);
}

Test (base_dirs, are_not_writable_by_others)
{
  static const mode_t modes[] = { 0777, 01777, 0775, 0757, 0720, 0702 };
  const struct vtpm_user user = someone ();

  umask (0);
  cr_assert_eq (mkdir (temp_path ("run"), 0755), 0);
  cr_assert_eq (mkdir (temp_path ("state"), 0755), 0);
  for (size_t i = 0; i < sizeof (modes) / sizeof (modes[0]); i++)
    {
      cr_assert_eq (chmod (temp_path ("run"), modes[i]), 0);
      cr_assert_eq (chmod (temp_path ("state"), modes[i]), 0);
      expect_error (vtpm_base_dirs_make_run (temp_path ("run"), &user, &error), EPERM,
                    "/run is not a directory that only user");
      expect_error (vtpm_base_dirs_make_state (temp_path ("state"), &user, &error), EPERM,
                    "/state is not a directory that only user");
    }
  cr_expect_neq (access (temp_path ("state/instances"), F_OK), 0);
}

Test (base_dirs, keep_instances_private)
{
  static const mode_t modes[] = { 0755, 0750, 0710, 0701, 0777 };
  const struct vtpm_user user = someone ();

  assert_success (vtpm_base_dirs_make_state (temp_path ("state"), &user, &error));
  for (size_t i = 0; i < sizeof (modes) / sizeof (modes[0]); i++)
    {
      cr_assert_eq (chmod (temp_path ("state/instances"), modes[i]), 0);
      expect_error (vtpm_base_dirs_make_state (temp_path ("state"), &user, &error), EPERM,
                    "/state/instances is not a directory that only user");
      expect_dir ("state/instances", user.uid, modes[i]);
    }
}

Test (base_dirs, are_not_another_users)
{
  const struct vtpm_user user = { 12345, 12346 };

  cr_assert_eq (geteuid (), 0, "this test gives directories away: run it as root");
  cr_assert_eq (mkdir (temp_path ("run"), 0755), 0);
  cr_assert_eq (mkdir (temp_path ("state"), 0755), 0);
  cr_assert_eq (chown (temp_path ("run"), 4, 4), 0);
  expect_error (vtpm_base_dirs_make_run (temp_path ("run"), &user, &error), EPERM,
                "/run is not a directory that only user 12345 may write to");
  cr_assert_eq (mkdir (temp_path ("state/instances"), 0700), 0);
  cr_assert_eq (chown (temp_path ("state/instances"), 4, 4), 0);
  expect_error (vtpm_base_dirs_make_state (temp_path ("state"), &user, &error), EPERM,
                "/state/instances is not a directory that only user 12345 may use");
  cr_assert_eq (chown (temp_path ("state"), 12345, 12346), 0);
  expect_error (vtpm_base_dirs_make_state (temp_path ("state"), &user, &error), EPERM,
                "/state is not a directory that only user 0 may write to");
}

Test (base_dirs, are_no_links_and_no_files)
{
  const struct vtpm_user user = someone ();

  cr_assert_eq (mkdir (temp_path ("other"), 0700), 0);
  cr_assert_eq (symlink ("other", temp_path ("link")), 0);
  write_temp_file ("file", "", 0);
  expect_error (vtpm_base_dirs_make_run (temp_path ("link"), &user, &error), EPERM,
                "/link is not a directory that only user");
  expect_error (vtpm_base_dirs_make_run (temp_path ("file"), &user, &error), EPERM,
                "/file is not a directory that only user");
  expect_error (vtpm_base_dirs_make_state (temp_path ("link"), &user, &error), EPERM,
                "/link is not a directory that only user");
  cr_assert_eq (symlink ("..", temp_path ("other/instances")), 0);
  expect_error (vtpm_base_dirs_make_state (temp_path ("other"), &user, &error), EPERM,
                "/other/instances is not a directory that only user");
}

Test (base_dirs, need_a_parent)
{
  const struct vtpm_user user = someone ();

  expect_error (vtpm_base_dirs_make_run ("/nonexistent/run", &user, &error), ENOENT,
                "cannot make /nonexistent/run");
  expect_error (vtpm_base_dirs_make_state ("/nonexistent/state", &user, &error), ENOENT,
                "cannot make /nonexistent/state");
}
