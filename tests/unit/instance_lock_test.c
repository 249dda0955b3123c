/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "instance_lock.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (instance_lock, .init = make_temp_dir, .fini = remove_temp_dir, .timeout = 60);

static const struct vtpm_instance_id web = { "local", "web" };

static const char *const dirs[] = { "instances", "instances/local", "instances/local/web" };
static const char lock_name[] = "instances/local/web/" VTPM_INSTANCE_LOCK;

static void
make_instance (void)
{
  for (size_t i = 0; i < 3; i++)
    cr_assert_eq (mkdir (temp_path (dirs[i]), 0700), 0);
}

static int
open_lock (void)
{
  int fd = open (temp_path (lock_name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  cr_assert_geq (fd, 0);
  return fd;
}

static void
expect_holder (const char *expected)
{
  char holder[VTPM_INSTANCE_HOLDER_SIZE] = "before";

  assert_success (vtpm_instance_lock_holder (temp_dir, &web, holder, &error));
  cr_expect_str_eq (holder, expected);
}

Test (instance_lock, belongs_to_one_at_a_time)
{
  int first, second;

  make_instance ();
  first = open_lock ();
  second = open_lock ();
  expect_holder ("");
  assert_success (vtpm_instance_lock_take (first, &web, "container a", &error));
  expect_holder ("container a");
  expect_error (vtpm_instance_lock_take (second, &web, "container b", &error), EBUSY,
                "instance local/web is in use by container a");
  expect_holder ("container a");
  close (first);
  expect_holder ("");
  assert_success (vtpm_instance_lock_take (second, &web, "b", &error));
  expect_holder ("b");
  close (second);
}

static __attribute__ ((__noreturn__)) void
look_for_ever (atomic_uint *looks)
{
  char holder[VTPM_INSTANCE_HOLDER_SIZE];

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (;;)
    {
      vtpm_instance_lock_holder (temp_dir, &web, holder, NULL);
      atomic_fetch_add (looks, 1);
    }
}

/* Whoever lists instances looks at their locks while containers start.  A taker
   writes to the disk, so how often it can take a lock is the disk's to say.  */
Test (instance_lock, may_be_looked_at_while_it_is_taken)
{
  atomic_uint *looks = mmap (NULL, sizeof (*looks), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsigned int takes = 0;
  pid_t pid;

  cr_assert_neq (looks, MAP_FAILED);
  make_instance ();
  close (open_lock ());
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    look_for_ever (looks);
  while (atomic_load (looks) == 0)
    sched_yield ();
  for (; atomic_load (looks) < 2000; takes++)
    {
      _cleanup_close_ int fd = open_lock ();

      assert_success (vtpm_instance_lock_take (fd, &web, "container a", &error));
    }
  cr_expect_gt (takes, 0);
  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
}

Test (instance_lock, ends_with_its_process)
{
  pid_t pid;

  make_instance ();
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    {
      vtpm_instance_lock_take (open_lock (), &web, "container a", NULL);
      raise (SIGKILL);
    }
  waitpid (pid, NULL, 0);
  expect_holder ("");
}

Test (instance_lock, is_held_by_nobody_where_there_is_none)
{
  char holder[VTPM_INSTANCE_HOLDER_SIZE] = "x";

  assert_success (vtpm_instance_lock_holder ("/nonexistent", &web, holder, &error));
  cr_expect_str_eq (holder, "");
  for (size_t i = 0; i < 3; i++)
    {
      expect_holder ("");
      cr_assert_eq (mkdir (temp_path (dirs[i]), 0700), 0);
    }
  expect_holder ("");
}

/* What the file says is not ours: it may be anything.  */
Test (instance_lock, says_no_more_than_one_printable_line)
{
  char holder[VTPM_INSTANCE_HOLDER_SIZE], text[2000];
  int fd;

  make_instance ();
  fd = open_lock ();
  assert_success (vtpm_instance_lock_take (fd, &web, "container a", &error));
  cr_assert_eq (pwrite (fd, "a\033[2J\nb\n", 8, 0), 8);
  expect_holder ("a?[2J");
  cr_assert_eq (ftruncate (fd, 0), 0);
  expect_holder ("another process");
  memset (text, 'x', sizeof (text));
  cr_assert_eq (pwrite (fd, text, sizeof (text), 0), (ssize_t) sizeof (text));
  assert_success (vtpm_instance_lock_holder (temp_dir, &web, holder, &error));
  cr_expect_eq (strlen (holder), VTPM_INSTANCE_HOLDER_SIZE - 1);
}

Test (instance_lock, is_no_symbolic_link)
{
  char holder[VTPM_INSTANCE_HOLDER_SIZE];

  make_instance ();
  write_temp_file ("secret", "secret\n", 7);
  cr_assert_eq (symlink ("../../../secret", temp_path (lock_name)), 0);
  expect_error (vtpm_instance_lock_holder (temp_dir, &web, holder, &error), ELOOP,
                "/instances/local/web/lock");
  cr_assert_eq (rename (temp_path ("instances"), temp_path ("elsewhere")), 0);
  cr_assert_eq (symlink ("elsewhere", temp_path ("instances")), 0);
  expect_error (vtpm_instance_lock_holder (temp_dir, &web, holder, &error), ENOTDIR,
                "/instances/local/web/lock");
}

/* Nobody waits for what somebody put in its place.  */
Test (instance_lock, is_no_pipe)
{
  make_instance ();
  cr_assert_eq (mkfifo (temp_path (lock_name), 0600), 0);
  expect_holder ("");
}

/* A full disk, or a holder with too long a name: the lock counts.  */
Test (instance_lock, may_be_taken_without_a_line)
{
  const struct rlimit none = { 0, 0 };
  char long_name[VTPM_INSTANCE_HOLDER_SIZE + 1];
  int fd;

  make_instance ();
  fd = open_lock ();
  cr_assert_eq (write (fd, "old\n", 4), 4);
  memset (long_name, 'x', sizeof (long_name) - 1);
  long_name[sizeof (long_name) - 1] = '\0';
  assert_success (vtpm_instance_lock_take (fd, &web, long_name, &error));
  expect_holder ("another process");
  close (fd);

  fd = open_lock ();
  signal (SIGXFSZ, SIG_IGN);
  cr_assert_eq (setrlimit (RLIMIT_FSIZE, &none), 0);
  assert_success (vtpm_instance_lock_take (fd, &web, "container a", &error));
  expect_holder ("another process");
  close (fd);
}

Test (instance_lock, needs_a_file_to_write_to)
{
  int fd;

  make_instance ();
  close (open_lock ());
  fd = open (temp_path (lock_name), O_RDONLY | O_CLOEXEC);
  expect_error (vtpm_instance_lock_take (fd, &web, "container a", &error), EBADF,
                "cannot lock instance local/web");
  close (fd);
}
