/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "swtpm_dir.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (swtpm_dir, .init = make_temp_dir, .fini = remove_temp_dir, .timeout = 60);

static int
read_dir (struct vtpm_swtpm_state *state, struct vtpm_error **error)
{
  _cleanup_close_ int fd = open (temp_dir, O_RDONLY | O_CLOEXEC);

  *state = (struct vtpm_swtpm_state) { 0 };
  return vtpm_swtpm_dir_read (fd, "D", state, error);
}

static void
expect_read (enum vtpm_tpm_version version, const char *content, bool has_volatile)
{
  struct vtpm_swtpm_state state;

  assert_success (read_dir (&state, &error));
  cr_expect_eq (state.version, version);
  cr_expect_eq (state.has_volatile, has_volatile);
  cr_expect_eq (state.file.size, strlen (content));
  cr_expect_arr_eq (state.file.data, content, strlen (content));
  vtpm_secret_bytes_clear (&state.file);
}

Test (swtpm_dir, is_read)
{
  write_temp_file ("tpm2-00.permall", "2.0", 3);
  expect_read (VTPM_TPM_2_0, "2.0", false);
  write_temp_file (".lock", "", 0);
  write_temp_file ("tpm-00.volatilestate", "of another", 10);
  expect_read (VTPM_TPM_2_0, "2.0", false);
  write_temp_file ("tpm2-00.volatilestate", "v", 1);
  expect_read (VTPM_TPM_2_0, "2.0", true);
}

Test (swtpm_dir, may_hold_a_tpm_1_2)
{
  write_temp_file ("tpm-00.permall", "1.2", 3);
  expect_read (VTPM_TPM_1_2, "1.2", false);
  write_temp_file ("tpm-00.savestate", "s", 1);
  expect_read (VTPM_TPM_1_2, "1.2", true);
}

Test (swtpm_dir, holds_just_one_tpm)
{
  struct vtpm_swtpm_state state;

  expect_error (read_dir (&state, &error), ENOENT, "D holds no TPM of swtpm's: neither tpm2-00");
  write_temp_file ("tpm-00.permall", "1.2", 3);
  write_temp_file ("tpm2-00.permall", "2.0", 3);
  expect_error (read_dir (&state, &error), EEXIST, "D holds two TPMs: tpm2-00.permall and tpm-00");
  cr_expect_null (state.file.data);
}

/* It may belong to swtpm's user, and we are root.  */
Test (swtpm_dir, is_not_believed)
{
  struct vtpm_swtpm_state state;

  write_temp_file ("secret", "x", 1);
  cr_assert_eq (symlink ("secret", temp_path ("tpm2-00.permall")), 0);
  expect_error (read_dir (&state, &error), ELOOP, "cannot open D/tpm2-00.permall");
  cr_assert_eq (unlink (temp_path ("tpm2-00.permall")), 0);
  cr_assert_eq (symlink ("secret", temp_path (".lock")), 0);
  expect_error (read_dir (&state, &error), ELOOP, "cannot open D/.lock");
  cr_assert_eq (unlink (temp_path (".lock")), 0);
  cr_assert_eq (mkfifo (temp_path ("tpm2-00.permall"), 0600), 0);
  expect_read (VTPM_TPM_2_0, "", false);
  cr_assert_eq (unlink (temp_path ("tpm2-00.permall")), 0);
  write_temp_file ("tpm2-00.permall", "", 0);
  cr_assert_eq (truncate (temp_path ("tpm2-00.permall"), (2 << 20) + 1), 0);
  expect_error (read_dir (&state, &error), EFBIG, "D/tpm2-00.permall is larger than");
}

static int
write_dir (const char *name, enum vtpm_tpm_version version, struct vtpm_error **error)
{
  uint8_t content[] = { 's', 't', 'a', 't', 'e' };
  const struct vtpm_secret_bytes file = { content, sizeof (content) };

  return vtpm_swtpm_dir_write (temp_path (name), version, &file, error);
}

static void
expect_status (const char *name, mode_t mode, uid_t owner)
{
  struct stat status;

  cr_assert_eq (lstat (temp_path (name), &status), 0, "%s", name);
  cr_expect_eq (status.st_mode, mode, "%s: %o", name, status.st_mode);
  cr_expect_eq (status.st_uid, owner, "%s: %u", name, status.st_uid);
}

Test (swtpm_dir, is_made)
{
  assert_success (write_dir ("new", VTPM_TPM_2_0, &error));
  expect_status ("new", S_IFDIR | 0700, geteuid ());
  expect_status ("new/tpm2-00.permall", S_IFREG | 0640, geteuid ());
  cr_assert_eq (rename (temp_path ("new/tpm2-00.permall"), temp_path ("tpm2-00.permall")), 0);
  expect_read (VTPM_TPM_2_0, "state", false);
}

Test (swtpm_dir, may_be_there_and_swtpms)
{
  cr_assert_eq (geteuid (), 0, "this test gives a directory away: run it as root");
  cr_assert_eq (mkdir (temp_path ("there"), 0711), 0);
  cr_assert_eq (chown (temp_path ("there"), 65534, 65534), 0);
  write_temp_file ("there/.lock", "", 0);
  assert_success (write_dir ("there", VTPM_TPM_1_2, &error));
  expect_status ("there", S_IFDIR | 0711, 65534);
  expect_status ("there/tpm-00.permall", S_IFREG | 0640, 65534);
}

Test (swtpm_dir, is_not_overwritten)
{
  static const char *const names[]
      = { "tpm2-00.permall", "tpm2-00.volatilestate", "tpm2-00.savestate",
          "tpm-00.permall",  "tpm-00.volatilestate",  "tpm-00.savestate" };

  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    {
      write_temp_file (names[i], "", 0);
      expect_error (write_dir (".", VTPM_TPM_2_0, &error), EEXIST, "holds a TPM already");
      expect_error (write_dir (".", VTPM_TPM_1_2, &error), EEXIST, "holds a TPM already");
      cr_assert_eq (unlink (temp_path (names[i])), 0);
    }
  cr_assert_eq (symlink ("nowhere", temp_path ("tpm2-00.permall")), 0);
  expect_error (write_dir (".", VTPM_TPM_1_2, &error), EEXIST, "holds a TPM already");
}

Test (swtpm_dir, is_a_directory)
{
  write_temp_file ("file", "", 0);
  expect_error (write_dir ("file", VTPM_TPM_2_0, &error), ENOTDIR, "cannot open");
  expect_error (write_dir ("no/new", VTPM_TPM_2_0, &error), ENOENT, "cannot make");
}

/* Locks .lock as swtpm does.  */
static pid_t
start_swtpm (void)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int ready[2];
  pid_t pid;
  char byte;

  write_temp_file (".lock", "", 0);
  cr_assert_eq (pipe (ready), 0);
  pid = fork ();
  if (pid == 0)
    {
      int fd = open (temp_path (".lock"), O_WRONLY | O_CLOEXEC);

      prctl (PR_SET_PDEATHSIG, SIGKILL);
      _exit (fcntl (fd, F_SETLK, &whole) < 0 || write (ready[1], "r", 1) < 0 || pause () < 0);
    }
  cr_assert_eq (read (ready[0], &byte, 1), 1);
  close (ready[0]);
  close (ready[1]);
  return pid;
}

Test (swtpm_dir, is_left_to_a_running_swtpm)
{
  struct vtpm_swtpm_state state;
  pid_t swtpm = start_swtpm ();

  expect_error (write_dir (".", VTPM_TPM_2_0, &error), EBUSY, "is in use by a running swtpm");
  write_temp_file ("tpm2-00.permall", "2.0", 3);
  expect_error (read_dir (&state, &error), EBUSY, "D is in use by a running swtpm");
  kill (swtpm, SIGKILL);
  waitpid (swtpm, NULL, 0);
  expect_read (VTPM_TPM_2_0, "2.0", false);
}
