/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "whole_file.h"

#include <signal.h>
#include <sys/resource.h>

#include "expect_error.h"
#include "temp_dir.h"

static int dir_fd;

static void
set_up (void)
{
  make_temp_dir ();
  dir_fd = open (temp_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

TestSuite (whole_file, .init = set_up, .fini = remove_temp_dir);

static int
read_file (const char *name, size_t limit, struct vtpm_secret_bytes *bytes,
           struct vtpm_error **error)
{
  _cleanup_close_ int fd = open (temp_path (name), O_RDONLY | O_CLOEXEC);

  return vtpm_whole_file_read (fd, limit, "F", bytes, error);
}

Test (whole_file, is_read_to_its_end)
{
  static const size_t sizes[] = { 0, 1, 8191, 8192, 8193, 100000 };
  static uint8_t content[100000];

  for (size_t i = 0; i < sizeof (content); i++)
    content[i] = (uint8_t) (i * 7);
  for (size_t i = 0; i < sizeof (sizes) / sizeof (sizes[0]); i++)
    {
      _cleanup_secret_bytes_ struct vtpm_secret_bytes bytes = { 0 };

      write_temp_file ("f", content, sizes[i]);
      assert_success (read_file ("f", sizes[i], &bytes, &error));
      cr_expect_eq (bytes.size, sizes[i]);
      cr_expect_arr_eq (bytes.data, content, sizes[i]);
    }
}

Test (whole_file, is_not_read_for_ever)
{
  _cleanup_close_ int zero_fd = open ("/dev/zero", O_RDONLY | O_CLOEXEC);
  struct vtpm_secret_bytes bytes = { 0 };

  write_temp_file ("f", "four", 4);
  expect_error (read_file ("f", 3, &bytes, &error), EFBIG, "F is larger than 3 bytes");
  expect_error (vtpm_whole_file_read (zero_fd, 100000, "zero", &bytes, &error), EFBIG,
                "zero is larger than 100000 bytes");
  expect_error (vtpm_whole_file_read (dir_fd, 3, "D", &bytes, &error), EISDIR, "cannot read D");
  cr_expect_null (bytes.data);
}

static int
create (const char *name, mode_t mode, const struct stat *owner, struct vtpm_error **error)
{
  uint8_t content[] = { 1, 2, 3, 0 };
  const struct vtpm_secret_bytes bytes = { content, sizeof (content) };

  return vtpm_whole_file_create (dir_fd, name, mode, owner, &bytes, name, error);
}

Test (whole_file, is_made)
{
  const struct stat owner = { .st_uid = 65534, .st_gid = 65533 };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes bytes = { 0 };
  struct stat status;

  umask (077);
  assert_success (create ("ours", 0640, NULL, &error));
  assert_success (read_file ("ours", 10, &bytes, &error));
  cr_expect_eq (bytes.size, 4);
  cr_expect_arr_eq (bytes.data, "\1\2\3", 4);
  cr_assert_eq (stat (temp_path ("ours"), &status), 0);
  cr_expect_eq (status.st_mode, S_IFREG | 0640);
  cr_expect_eq (status.st_uid, geteuid ());

  cr_assert_eq (geteuid (), 0, "this test gives a file away: run it as root");
  assert_success (create ("theirs", 0600, &owner, &error));
  cr_assert_eq (stat (temp_path ("theirs"), &status), 0);
  cr_expect_eq (status.st_uid, 65534);
  cr_expect_eq (status.st_gid, 65533);
}

Test (whole_file, replaces_nothing)
{
  cr_assert_eq (symlink ("nowhere", temp_path ("link")), 0);
  write_temp_file ("file", "x", 1);
  expect_error (create ("link", 0600, NULL, &error), EEXIST, "cannot make link: File exists");
  expect_error (create ("file", 0600, NULL, &error), EEXIST, "cannot make file: File exists");
  expect_error (create ("no/file", 0600, NULL, &error), ENOENT, "cannot make no/file");
  cr_expect_neq (access (temp_path ("nowhere"), F_OK), 0);
}

Test (whole_file, leaves_nothing_when_it_cannot_be_written)
{
  const struct rlimit limit = { 3, 3 };

  signal (SIGXFSZ, SIG_IGN);
  cr_assert_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
  expect_error (create ("file", 0600, NULL, &error), EFBIG, "cannot write file");
  cr_expect_neq (access (temp_path ("file"), F_OK), 0);
}
