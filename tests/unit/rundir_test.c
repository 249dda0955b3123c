/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "rundir.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "certificate_request.h"
#include "expect_error.h"
#include "temp_dir.h"

TestSuite (rundir, .init = make_temp_dir, .fini = remove_temp_dir, .timeout = 60);

static bool
exists (const char *name)
{
  struct stat status;

  return lstat (temp_path (name), &status) == 0;
}

/* Makes a directory as a supervisor does, with everything in it.  */
static int
make_full (const char *id)
{
  int dir_fd = -1, listen_fd = -1;

  assert_success (vtpm_rundir_create (temp_dir, id, &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  assert_success (vtpm_rundir_write_record (dir_fd, "{}", 2, &error));
  close (listen_fd);
  return dir_fd;
}

Test (rundir, makes_a_private_directory)
{
  _cleanup_close_ int made = -1;
  _cleanup_close_ int opened = -1;
  struct stat made_status, opened_status;

  umask (0);
  assert_success (vtpm_rundir_create (temp_dir, "id", &made, &error));
  assert_success (vtpm_rundir_open (temp_dir, "id", &opened, &error));
  cr_assert_eq (fstat (made, &made_status), 0);
  cr_assert_eq (fstat (opened, &opened_status), 0);
  cr_expect_eq (made_status.st_ino, opened_status.st_ino);
  cr_expect_eq (made_status.st_mode, S_IFDIR | 0700);
  cr_expect_eq (fcntl (made, F_GETFD), FD_CLOEXEC);
}

Test (rundir, misses_what_is_not_there)
{
  int dir_fd;

  expect_error (vtpm_rundir_open (temp_dir, "id", &dir_fd, &error), ENOENT, "/id");
  expect_error (vtpm_rundir_open ("/nonexistent", "id", &dir_fd, &error), ENOENT,
                "cannot open /nonexistent");
  expect_error (vtpm_rundir_create ("/nonexistent", "id", &dir_fd, &error), ENOENT,
                "cannot open /nonexistent");
}

Test (rundir, belongs_to_one_at_a_time)
{
  int first = -1, second = -1;

  assert_success (vtpm_rundir_create (temp_dir, "id", &first, &error));
  assert_success (vtpm_rundir_write_record (first, "{}", 2, &error));
  expect_error (vtpm_rundir_create (temp_dir, "id", &second, &error), EBUSY,
                "/id is in use by another supervisor");
  cr_expect (exists ("id/vtpm.json"), "the loser has removed the winner's files");
  close (first);
  assert_success (vtpm_rundir_create (temp_dir, "id", &second, &error));
  close (second);
}

static void
make_and_be_killed (void)
{
  pid_t pid = fork ();
  int status;

  cr_assert_geq (pid, 0);
  if (pid == 0)
    {
      make_full ("id");
      raise (SIGKILL);
    }
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_assert (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL, "wait status 0x%x", status);
  cr_assert (exists ("id/control") && exists ("id/vtpm.json"));
}

Test (rundir, takes_over_from_a_dead_owner)
{
  _cleanup_close_ int dir_fd = -1;

  make_and_be_killed ();
  write_temp_file ("id/tmp", "half", 4);
  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  cr_expect_not (exists ("id/control"));
  cr_expect_not (exists ("id/vtpm.json"));
  cr_expect_not (exists ("id/tmp"));
}

Test (rundir, goes_with_all_its_contents)
{
  _cleanup_close_ int dir_fd = make_full ("id");
  _cleanup_close_ int next = -1;

  assert_success (vtpm_rundir_remove (temp_dir, "id", dir_fd, &error));
  cr_expect_not (exists ("id"));
  cr_expect_not (exists ("~id"));
  /* The old owner still holds its lock, on a directory without a name.  */
  assert_success (vtpm_rundir_create (temp_dir, "id", &next, &error));
}

Test (rundir, may_be_gone_already)
{
  _cleanup_close_ int dir_fd = make_full ("id");

  assert_success (vtpm_rundir_remove (temp_dir, "id", dir_fd, &error));
  assert_success (vtpm_rundir_remove (temp_dir, "id", dir_fd, &error));
}

/* An owner was killed while it removed its directory.  */
Test (rundir, removes_a_leftover)
{
  _cleanup_close_ int dir_fd = -1;

  make_and_be_killed ();
  cr_assert_eq (rename (temp_path ("id"), temp_path ("~id")), 0);
  dir_fd = make_full ("id");
  assert_success (vtpm_rundir_remove (temp_dir, "id", dir_fd, &error));
  cr_expect_not (exists ("id"));
  cr_expect_not (exists ("~id"));
}

Test (rundir, removes_no_files_of_others)
{
  _cleanup_close_ int dir_fd = make_full ("id");

  write_temp_file ("id/precious", "x", 1);
  expect_error (vtpm_rundir_remove (temp_dir, "id", dir_fd, &error), ENOTEMPTY, "cannot remove ");
  cr_expect (exists ("~id/precious"));
  cr_expect_not (exists ("id"), "nobody may find half a directory");
}

Test (rundir, is_swept_when_its_owner_is_dead)
{
  bool live = true;

  make_and_be_killed ();
  assert_success (vtpm_rundir_sweep (temp_dir, "id", &live, &error));
  cr_expect_not (live);
  cr_expect_not (exists ("id"));
}

Test (rundir, is_not_swept_while_its_owner_lives)
{
  _cleanup_close_ int dir_fd = make_full ("id");
  bool live = false;

  cr_assert_geq (dir_fd, 0);
  assert_success (vtpm_rundir_sweep (temp_dir, "id", &live, &error));
  cr_expect (live);
  cr_expect (exists ("id/control"));
  cr_expect (exists ("id/vtpm.json"));
}

Test (rundir, sweeps_nothing_where_nothing_is)
{
  bool live = true;

  assert_success (vtpm_rundir_sweep (temp_dir, "id", &live, &error));
  cr_expect_not (live);
  live = true;
  assert_success (vtpm_rundir_sweep ("/nonexistent", "id", &live, &error));
  cr_expect_not (live);
}

/* Whoever can write to the base must not lead us to another directory.  */
Test (rundir, follows_no_symbolic_link)
{
  int dir_fd;
  bool live;

  cr_assert_eq (mkdir (temp_path ("target"), 0700), 0);
  write_temp_file ("target/vtpm.json", "{}", 2);
  cr_assert_eq (symlink ("target", temp_path ("id")), 0);
  expect_error (vtpm_rundir_open (temp_dir, "id", &dir_fd, &error), ENOTDIR, "/id");
  expect_error (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error), ENOTDIR, "/id");
  expect_error (vtpm_rundir_sweep (temp_dir, "id", &live, &error), ENOTDIR, "/id");
  cr_expect_eq (vtpm_rundir_sweep (temp_dir, "id", &live, NULL), -1);
  cr_expect (exists ("target/vtpm.json"));

  cr_assert_eq (unlink (temp_path ("id")), 0);
  cr_assert_eq (symlink ("nowhere", temp_path ("id")), 0);
  expect_error (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error), ENOTDIR, "/id");
  cr_expect_not (exists ("nowhere"));
}

Test (rundir, is_no_file)
{
  int dir_fd;
  bool live;

  write_temp_file ("id", "", 0);
  expect_error (vtpm_rundir_open (temp_dir, "id", &dir_fd, &error), ENOTDIR, "/id");
  expect_error (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error), ENOTDIR, "/id");
  expect_error (vtpm_rundir_sweep (temp_dir, "id", &live, &error), ENOTDIR, "/id");
}

static int
connect_to (int dir_fd, struct vtpm_error **error)
{
  _cleanup_close_ int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  return vtpm_rundir_connect (dir_fd, fd, error) < 0 ? -1 : vtpm_steal_fd (&fd);
}

static void
check_connection (const char *id)
{
  _cleanup_close_ int owned = -1;
  _cleanup_close_ int opened = -1;
  _cleanup_close_ int listener = -1;
  _cleanup_close_ int client = -1;
  _cleanup_close_ int accepted = -1;
  char byte;

  assert_success (vtpm_rundir_create (temp_dir, id, &owned, &error));
  assert_success (vtpm_rundir_listen (owned, &listener, &error));
  cr_expect_eq (accept (listener, NULL, NULL), -1);
  cr_expect_eq (errno, EAGAIN, "it does not wait for clients");
  assert_success (vtpm_rundir_open (temp_dir, id, &opened, &error));
  client = connect_to (opened, NULL);
  cr_assert_geq (client, 0);
  accepted = accept (listener, NULL, NULL);
  cr_assert_geq (accepted, 0);
  cr_assert_eq (write (client, "x", 1), 1);
  cr_assert_eq (read (accepted, &byte, 1), 1);
  assert_success (vtpm_rundir_remove (temp_dir, id, owned, &error));
}

Test (rundir, connects_clients)
{
  check_connection ("id");
}

/* The socket's path is longer than an address, and the name of the ending
   directory is as long as a name can be.  */
Test (rundir, has_room_for_the_longest_id)
{
  char id[255];

  memset (id, 'x', sizeof (id) - 1);
  id[sizeof (id) - 1] = '\0';
  check_connection (id);
}

Test (rundir, leaves_the_working_directory)
{
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int listener = -1;
  char directory[8];

  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listener, &error));
  cr_expect_str_eq (getcwd (directory, sizeof (directory)), "/");
}

Test (rundir, leaves_the_working_directory_when_it_cannot_listen)
{
  _cleanup_close_ int dir_fd = make_full ("id");
  int listener = -1;
  char directory[8];

  expect_error (vtpm_rundir_listen (dir_fd, &listener, &error), EADDRINUSE, "cannot bind");
  cr_expect_eq (listener, -1);
  cr_expect_str_eq (getcwd (directory, sizeof (directory)), "/");
}

Test (rundir, tells_that_nobody_serves)
{
  _cleanup_close_ int empty = -1;
  _cleanup_close_ int full = make_full ("full");

  assert_success (vtpm_rundir_create (temp_dir, "empty", &empty, &error));
  expect_error (connect_to (empty, &error), ENOENT, "cannot connect");
  expect_error (connect_to (full, &error), ECONNREFUSED, "cannot connect");
}

static void
expect_record (const char *expected)
{
  char text[64] = "";
  _cleanup_close_ int fd = open (temp_path ("id/vtpm.json"), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

  cr_assert_geq (fd, 0);
  cr_assert_geq (read (fd, text, sizeof (text) - 1), 0);
  cr_expect_str_eq (text, expected);
}

Test (rundir, keeps_a_private_record)
{
  _cleanup_close_ int dir_fd = -1;
  struct stat status;

  umask (0);
  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  assert_success (vtpm_rundir_write_record (dir_fd, "a longer text", 13, &error));
  expect_record ("a longer text");
  assert_success (vtpm_rundir_write_record (dir_fd, "short", 5, &error));
  expect_record ("short");
  cr_assert_eq (lstat (temp_path ("id/vtpm.json"), &status), 0);
  cr_expect_eq (status.st_mode, S_IFREG | 0600);
  cr_expect_not (exists ("id/tmp"));
}

Test (rundir, has_certificates)
{
  static const uint8_t certificate[VTPM_CERTIFICATE_MAX + 1] = { 0x30, 0x82 };
  uint8_t found[VTPM_CERTIFICATE_MAX];
  _cleanup_close_ int dir_fd = -1;
  size_t size = 77;

  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  assert_success (vtpm_rundir_read_ek (dir_fd, VTPM_KEY_ECC_P384, found, &size, &error));
  cr_expect_eq (size, 0);
  assert_success (vtpm_rundir_write_ek (dir_fd, VTPM_KEY_ECC_P384, certificate, 900, &error));
  assert_success (vtpm_rundir_read_ek (dir_fd, VTPM_KEY_ECC_P384, found, &size, &error));
  cr_expect_eq (size, 900);
  cr_expect_arr_eq (found, certificate, 900);
  cr_expect (exists ("id/ek-ecc-p384.der"));
  assert_success (vtpm_rundir_write_ek (dir_fd, VTPM_KEY_ECC_P384, certificate,
                                        VTPM_CERTIFICATE_MAX + 1, &error));
  expect_error (vtpm_rundir_read_ek (dir_fd, VTPM_KEY_ECC_P384, found, &size, &error), EFBIG,
                "ek-ecc-p384.der");
  cr_assert_eq (unlinkat (dir_fd, "ek-ecc-p384.der", 0), 0);
  cr_assert_eq (symlinkat ("/etc/passwd", dir_fd, "ek-ecc-p384.der"), 0);
  expect_error (vtpm_rundir_read_ek (dir_fd, VTPM_KEY_ECC_P384, found, &size, &error), ELOOP,
                "cannot open ek-ecc-p384.der");
  assert_success (vtpm_rundir_write_ek (dir_fd, VTPM_KEY_RSA_2048, certificate, 1, &error));
  assert_success (vtpm_rundir_remove (temp_dir, "id", dir_fd, &error));
  cr_expect_not (exists ("id"));
}

Test (rundir, writes_its_record_through_no_symbolic_link)
{
  _cleanup_close_ int dir_fd = -1;

  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  write_temp_file ("target", "precious", 8);
  cr_assert_eq (symlink ("../target", temp_path ("id/vtpm.json")), 0);
  assert_success (vtpm_rundir_write_record (dir_fd, "new", 3, &error));
  expect_record ("new");
  cr_assert_eq (symlink ("../target", temp_path ("id/tmp")), 0);
  expect_error (vtpm_rundir_write_record (dir_fd, "newer", 5, &error), ELOOP, "cannot write");
  expect_record ("new");
  cr_assert_eq (rename (temp_path ("target"), temp_path ("id/vtpm.json")), 0);
  expect_record ("precious");
}
