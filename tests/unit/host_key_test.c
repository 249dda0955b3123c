/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "host_key.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (host_key, .init = make_temp_dir, .fini = remove_temp_dir, .timeout = 60);

static const char one_key[] = "one key, and it has 32 bytes....";
static const char other_key[] = "other key, it has 32 bytes too..";

static int
get (const char *source, const char *location, struct vtpm_host_keys *keys,
     struct vtpm_error **error)
{
  return vtpm_host_keys_get (vtpm_host_key_source_find (source), location, keys, error);
}

static int
get_file (const char *name, struct vtpm_host_keys *keys, struct vtpm_error **error)
{
  return get ("file", temp_path (name), keys, error);
}

static void
expect_keys (const struct vtpm_host_keys *keys, size_t count, const char *first, const char *second)
{
  cr_assert_eq (keys->count, count);
  cr_expect_arr_eq (keys->key[0], first, VTPM_HOST_KEY_SIZE);
  if (count > 1)
    cr_expect_arr_eq (keys->key[1], second, VTPM_HOST_KEY_SIZE);
}

static unsigned int
count_files (void)
{
  _cleanup_closedir_ DIR *dir = opendir (temp_dir);
  unsigned int count = 0;

  while (readdir (dir) != NULL)
    count++;
  return count - 2;
}

/* A skipped test does not come to its suite's end.  */
static void
need_root (const char *test)
{
  if (geteuid () == 0)
    return;
  remove_temp_dir ();
  cr_skip_test ("%s needs root", test);
}

Test (host_key, knows_its_sources)
{
  cr_expect_str_eq (vtpm_host_key_source_find ("file")->name, "file");
  cr_expect_str_eq (vtpm_host_key_source_find ("credential")->name, "credential");
  cr_expect_null (vtpm_host_key_source_find ("tpm"));
  cr_expect_null (vtpm_host_key_source_find (""));
}

Test (host_key, is_made_once)
{
  static const uint8_t zeros[VTPM_HOST_KEY_SIZE];
  struct vtpm_host_keys first = { 0 }, second = { 0 }, other = { 0 };
  struct stat status;

  umask (0);
  assert_success (get_file ("key", &first, &error));
  assert_success (get_file ("key", &second, &error));
  assert_success (get_file ("key2", &other, &error));
  cr_expect_eq (first.count, 1);
  cr_expect_arr_eq (first.key[0], second.key[0], VTPM_HOST_KEY_SIZE);
  cr_expect_arr_neq (first.key[0], other.key[0], VTPM_HOST_KEY_SIZE);
  cr_expect_arr_neq (first.key[0], zeros, VTPM_HOST_KEY_SIZE);
  cr_assert_eq (lstat (temp_path ("key"), &status), 0);
  cr_expect_eq (status.st_mode, S_IFREG | 0600);
  cr_expect_eq (status.st_size, VTPM_HOST_KEY_SIZE);
  cr_expect_eq (count_files (), 2, "a temporary file is left");
}

#define RACERS 8

/* Waits for the start and sends the key that it got.  */
static void
race (const int start[2], int result_fd)
{
  struct vtpm_host_keys keys = { 0 };
  char byte;

  close (start[1]);
  if (read (start[0], &byte, 1) != 0 || get_file ("key", &keys, NULL) < 0 || keys.count != 1
      || write (result_fd, keys.key[0], VTPM_HOST_KEY_SIZE) != VTPM_HOST_KEY_SIZE)
    _exit (1);
  _exit (0);
}

static void
check_race (void)
{
  uint8_t keys[RACERS][VTPM_HOST_KEY_SIZE];
  int start[2], result[2];

  cr_assert_eq (pipe (start), 0);
  cr_assert_eq (pipe (result), 0);
  for (int i = 0; i < RACERS; i++)
    if (fork () == 0)
      race (start, result[1]);
  close (start[0]);
  close (start[1]);
  for (int i = 0; i < RACERS; i++)
    {
      int status;

      cr_assert_gt (wait (&status), 0);
      cr_assert_eq (status, 0);
    }
  cr_assert_eq (read (result[0], keys, sizeof (keys)), sizeof (keys));
  for (int i = 1; i < RACERS; i++)
    cr_expect_arr_eq (keys[i], keys[0], VTPM_HOST_KEY_SIZE, "two keys were made");
  close (result[0]);
  close (result[1]);
}

Test (host_key, is_one_for_all_who_make_it_at_once)
{
  for (int i = 0; i < 20; i++)
    {
      check_race ();
      cr_assert_eq (count_files (), 1, "a temporary file is left");
      cr_assert_eq (unlink (temp_path ("key")), 0);
    }
}

Test (host_key, comes_with_the_previous_one)
{
  struct vtpm_host_keys keys = { 0 };

  write_temp_file ("key", one_key, VTPM_HOST_KEY_SIZE);
  assert_success (get_file ("key", &keys, &error));
  expect_keys (&keys, 1, one_key, NULL);
  write_temp_file ("key.previous", other_key, VTPM_HOST_KEY_SIZE);
  assert_success (get_file ("key", &keys, &error));
  expect_keys (&keys, 2, one_key, other_key);
}

Test (host_key, is_not_made_beside_a_previous_one)
{
  struct vtpm_host_keys keys;

  write_temp_file ("key.previous", one_key, VTPM_HOST_KEY_SIZE);
  expect_error (get_file ("key", &keys, &error), ENOENT, "/key is missing, but ");
  cr_expect_eq (count_files (), 1);
}

Test (host_key, has_32_bytes)
{
  static const char bytes[64];
  struct vtpm_host_keys keys;

  for (size_t size = 0; size <= sizeof (bytes); size++)
    if (size != VTPM_HOST_KEY_SIZE)
      {
        write_temp_file ("key", bytes, size);
        expect_error (get_file ("key", &keys, &error), EINVAL, "bytes, not 32");
      }
  write_temp_file ("key", one_key, VTPM_HOST_KEY_SIZE);
  write_temp_file ("key.previous", one_key, 31);
  expect_error (get_file ("key", &keys, &error), EINVAL, "/key.previous has 31 bytes, not 32");
}

Test (host_key, is_of_no_use_to_others)
{
  static const mode_t modes[] = { 0640, 0620, 0610, 0604, 0602, 0601, 0644, 0666, 0777 };
  struct vtpm_host_keys keys = { 0 };

  write_temp_file ("key", one_key, VTPM_HOST_KEY_SIZE);
  for (size_t i = 0; i < sizeof (modes) / sizeof (modes[0]); i++)
    {
      cr_assert_eq (chmod (temp_path ("key"), modes[i]), 0);
      expect_error (get_file ("key", &keys, &error), EPERM, "group and others must have no access");
    }
  cr_expect_eq (keys.count, 0);
  cr_assert_eq (chmod (temp_path ("key"), 0640), 0);
  expect_error (get_file ("key", &keys, &error), EPERM, "/key has mode 0640: ");
  cr_assert_eq (chmod (temp_path ("key"), 0400), 0);
  assert_success (get_file ("key", &keys, &error));
  write_temp_file ("key.previous", other_key, VTPM_HOST_KEY_SIZE);
  cr_assert_eq (chmod (temp_path ("key.previous"), 0640), 0);
  expect_error (get_file ("key", &keys, &error), EPERM, "/key.previous has mode 0640: ");
}

Test (host_key, belongs_to_root)
{
  struct vtpm_host_keys keys;

  need_root ("host_key/belongs_to_root");
  write_temp_file ("key", one_key, VTPM_HOST_KEY_SIZE);
  cr_assert_eq (chown (temp_path ("key"), 1234, 0), 0);
  expect_error (get_file ("key", &keys, &error), EPERM, "/key belongs to user 1234, not to root");
}

Test (host_key, may_belong_to_an_unprivileged_caller)
{
  struct vtpm_host_keys keys = { 0 };

  need_root ("host_key/may_belong_to_an_unprivileged_caller");
  cr_assert_eq (chmod (temp_dir, 0777), 0);
  cr_assert_eq (seteuid (1234), 0);
  assert_success (get_file ("key", &keys, &error));
  cr_expect_eq (keys.count, 1);
  cr_assert_eq (seteuid (0), 0);
  cr_assert_eq (chown (temp_path ("key"), 1235, 0), 0);
  cr_assert_eq (chmod (temp_path ("key"), 0600), 0);
  cr_assert_eq (seteuid (1234), 0);
  expect_error (get_file ("key", &keys, &error), EACCES, "cannot open host key ");
  cr_assert_eq (seteuid (0), 0);
}

Test (host_key, is_a_file)
{
  struct vtpm_host_keys keys;

  cr_assert_eq (mkdir (temp_path ("dir"), 0700), 0);
  cr_assert_eq (mkfifo (temp_path ("fifo"), 0600), 0);
  expect_error (get_file ("dir", &keys, &error), EINVAL, "/dir is not a regular file");
  expect_error (get_file ("fifo", &keys, &error), EINVAL, "/fifo is not a regular file");
  expect_error (get ("file", "/dev/zero", &keys, &error), EINVAL, "is not a regular file");
}

/* An administrator may keep it elsewhere; what it leads to is checked.  */
Test (host_key, may_be_behind_a_symbolic_link)
{
  struct vtpm_host_keys keys = { 0 };

  write_temp_file ("target", one_key, VTPM_HOST_KEY_SIZE);
  cr_assert_eq (symlink ("target", temp_path ("key")), 0);
  assert_success (get_file ("key", &keys, &error));
  expect_keys (&keys, 1, one_key, NULL);
  cr_assert_eq (chmod (temp_path ("target"), 0644), 0);
  expect_error (get_file ("key", &keys, &error), EPERM, "/key has mode 0644");
  cr_assert_eq (unlink (temp_path ("target")), 0);
  expect_error (get_file ("key", &keys, &error), ENOENT, "cannot open host key ");
  cr_expect_eq (count_files (), 1, "nothing is made behind a link");
}

Test (host_key, cannot_be_made_everywhere)
{
  struct vtpm_host_keys keys;

  expect_error (get_file ("no/key", &keys, &error), ENOENT, "cannot make host key ");
  write_temp_file ("file", "", 0);
  expect_error (get_file ("file/key", &keys, &error), ENOTDIR, "cannot open host key ");
}

Test (host_key, is_made_whole_or_not_at_all)
{
  const struct rlimit limit = { 16, 16 };
  struct vtpm_host_keys keys;

  signal (SIGXFSZ, SIG_IGN);
  cr_assert_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
  expect_error (get_file ("key", &keys, &error), ENOSPC, "cannot make host key ");
  cr_expect_eq (count_files (), 0);
}

Test (host_key, may_be_a_credential)
{
  struct vtpm_host_keys keys = { 0 };

  setenv ("CREDENTIALS_DIRECTORY", temp_dir, 1);
  expect_error (get ("credential", "key", &keys, &error), ENOENT, "/key: ");
  cr_expect_eq (count_files (), 0, "no credential may be made");
  write_temp_file ("key", one_key, VTPM_HOST_KEY_SIZE);
  assert_success (get ("credential", "key", &keys, &error));
  expect_keys (&keys, 1, one_key, NULL);
  write_temp_file ("key.previous", other_key, VTPM_HOST_KEY_SIZE);
  assert_success (get ("credential", "key", &keys, &error));
  expect_keys (&keys, 2, one_key, other_key);
  cr_assert_eq (chmod (temp_path ("key"), 0444), 0);
  expect_error (get ("credential", "key", &keys, &error), EPERM, "/key has mode 0444");
}

Test (host_key, is_no_credential_without_a_service_manager)
{
  struct vtpm_host_keys keys;

  unsetenv ("CREDENTIALS_DIRECTORY");
  expect_error (get ("credential", "key", &keys, &error), ENOENT,
                "no credential key: CREDENTIALS_DIRECTORY is not set");
}

Test (host_key, is_a_credential_by_name)
{
  static const char *const names[] = { "", ".", "..", "../key", "a/key", "/etc/key", ".key" };
  struct vtpm_host_keys keys;

  setenv ("CREDENTIALS_DIRECTORY", temp_dir, 1);
  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    expect_error (get ("credential", names[i], &keys, &error), EINVAL,
                  "is not the name of a credential");
}

static void
check_passing (size_t count)
{
  struct vtpm_host_keys keys = { .count = count }, passed = { 0 }, again = { 0 };
  _cleanup_close_ int fd = -1;

  memcpy (keys.key[0], one_key, VTPM_HOST_KEY_SIZE);
  memcpy (keys.key[1], other_key, VTPM_HOST_KEY_SIZE);
  assert_success (vtpm_host_keys_to_fd (&keys, &fd, &error));
  cr_expect_eq (fcntl (fd, F_GETFD), FD_CLOEXEC);
  cr_expect_eq (write (fd, "x", 1), -1, "it is not sealed");
  cr_expect_eq (ftruncate (fd, 0), -1, "it is not sealed");
  assert_success (vtpm_host_keys_from_fd (fd, &passed, &error));
  expect_keys (&passed, count, one_key, other_key);
  assert_success (vtpm_host_keys_from_fd (fd, &again, &error));
  expect_keys (&again, count, one_key, other_key);
}

Test (host_key, is_passed_on)
{
  check_passing (1);
  check_passing (2);
}

Test (host_key, is_not_read_from_just_anything)
{
  static const char bytes[128];
  static const size_t sizes[] = { 0, 1, 31, 33, 63, 65, 96, 128 };
  struct vtpm_host_keys keys = { 0 };
  int fds[2];

  for (size_t i = 0; i < sizeof (sizes) / sizeof (sizes[0]); i++)
    {
      _cleanup_close_ int fd = -1;

      write_temp_file ("keys", bytes, sizes[i]);
      fd = open (temp_path ("keys"), O_RDONLY | O_CLOEXEC);
      expect_error (vtpm_host_keys_from_fd (fd, &keys, &error), EINVAL, "are not 1 to 2 host keys");
    }
  expect_error (vtpm_host_keys_from_fd (-1, &keys, &error), EBADF, "cannot read the host keys");
  cr_assert_eq (pipe (fds), 0);
  expect_error (vtpm_host_keys_from_fd (fds[0], &keys, &error), EINVAL, "0 bytes are not");
  cr_expect_eq (keys.count, 0);
}

Test (host_key, is_wiped)
{
  static const struct vtpm_host_keys zeros;
  struct vtpm_host_keys keys = { .count = 2 };

  memset (keys.key, 0xff, sizeof (keys.key));
  vtpm_host_keys_wipe (&keys);
  cr_expect_eq (memcmp (&keys, &zeros, sizeof (keys)), 0);
}
