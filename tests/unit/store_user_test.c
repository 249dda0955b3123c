/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "store_user.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "expect_error.h"
#include "privilege.h"
#include "temp_dir.h"

/* What becomes of root is tested in the virtual machine, where the supervisors' user
   exists: tests/vm/suite/move.sh.  */

static void
set_up (void)
{
  signal (SIGPIPE, SIG_IGN);
  make_temp_dir ();
  cr_assert_eq (mkdir (temp_path ("instances"), 0700), 0);
}

TestSuite (store_user, .init = set_up, .fini = remove_temp_dir, .timeout = 60);

Test (store_user, is_ours)
{
  uid_t before = geteuid ();

  assert_success (vtpm_store_user_become (temp_dir, &error));
  cr_expect_eq (geteuid (), before);
}

Test (store_user, is_needed_for_instances_only)
{
  cr_assert_eq (rmdir (temp_path ("instances")), 0);
  expect_error (vtpm_store_user_become (temp_dir, &error), ENOENT, "there are no instances in /");
  expect_error (vtpm_store_user_become ("/dev/null", &error), ENOTDIR,
                "cannot look at /dev/null/instances");
}

/* Where a link leads to does not count.  */
Test (store_user, is_the_links_own)
{
  cr_assert_eq (geteuid (), 0, "this test gives a link away: run it as root");
  cr_assert_eq (rmdir (temp_path ("instances")), 0);
  cr_assert_eq (symlink ("/root", temp_path ("instances")), 0);
  cr_assert_eq (lchown (temp_path ("instances"), 65534, 65534), 0);
  if (vtpm_store_user_become (temp_dir, NULL) == 0)
    cr_expect_neq (geteuid (), 0);
}

Test (store_user, cannot_be_anybody_elses)
{
  struct vtpm_user nobody;
  pid_t pid;
  int status;

  cr_assert_eq (geteuid (), 0, "this test becomes another user: run it as root");
  cr_assert_eq (chmod (temp_dir, 0755), 0);
  assert_success (vtpm_user_find ("nobody", &nobody, &error));
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    {
      struct vtpm_error *error = NULL;

      if (vtpm_user_become (&nobody, NULL) < 0)
        _exit (1);
      _exit (vtpm_store_user_become (temp_dir, &error) == -1
                     && vtpm_error_errnum (error) == EPERM
                     && strstr (vtpm_error_message (error), "only root may work on /") != NULL
                 ? 0
                 : 2);
    }
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_expect_eq (status, 0, "wait status %#x", status);
}

static int
work_fill (void *context, struct vtpm_secret_bytes *output, struct vtpm_error **error)
{
  size_t size = *(size_t *) context;

  (void) error;
  *output = (struct vtpm_secret_bytes) { malloc (size), size };
  for (size_t i = 0; i < size; i++)
    output->data[i] = (uint8_t) (i * 3);
  *(size_t *) context = 0;
  return 0;
}

Test (store_user, does_work_in_another_process)
{
  static const size_t sizes[] = { 0, 1, 100000, VTPM_STORE_OUTPUT_MAX };

  for (size_t i = 0; i < sizeof (sizes) / sizeof (sizes[0]); i++)
    {
      _cleanup_secret_bytes_ struct vtpm_secret_bytes output = { 0 };
      size_t size = sizes[i];

      assert_success (vtpm_store_user_run (temp_dir, work_fill, &size, &output, &error));
      cr_expect_eq (size, sizes[i], "the child changed our memory");
      cr_assert_eq (output.size, size);
      for (size_t b = 0; b < size; b++)
        if (output.data[b] != (uint8_t) (b * 3))
          cr_assert_fail ("byte %zu of %zu", b, size);
    }
}

static int
work_fail (void *context, struct vtpm_secret_bytes *output, struct vtpm_error **error)
{
  (void) context;
  (void) output;
  return vtpm_error_set_plain (error, EXDEV, "it went %s", "wrong");
}

static int
work_die (void *context, struct vtpm_secret_bytes *output, struct vtpm_error **error)
{
  (void) output;
  (void) error;
  raise (*(int *) context);
  return 0;
}

Test (store_user, says_what_went_wrong)
{
  struct vtpm_secret_bytes output = { 0 };
  size_t too_much = VTPM_STORE_OUTPUT_MAX + 1;
  int number = SIGKILL;

  expect_error (vtpm_store_user_run (temp_dir, work_fail, NULL, &output, &error), EXDEV,
                "it went wrong");
  expect_error (vtpm_store_user_run (temp_dir, work_die, &number, &output, &error), EPROTO,
                "the process that works on the instances ended with wait status 0x9");
  expect_error (vtpm_store_user_run (temp_dir, work_fill, &too_much, &output, &error), EFBIG,
                "is larger than");
  cr_assert_eq (rmdir (temp_path ("instances")), 0);
  expect_error (vtpm_store_user_run (temp_dir, work_fail, NULL, &output, &error), ENOENT,
                "there are no instances");
  cr_expect_null (output.data);
}

Test (store_user, leaves_no_process_and_no_descriptor)
{
  size_t too_much = VTPM_STORE_OUTPUT_MAX + 1;
  struct vtpm_secret_bytes output = { 0 };
  int before = dup (0), after;

  vtpm_store_user_run (temp_dir, work_fill, &too_much, &output, NULL);
  vtpm_store_user_run (temp_dir, work_fail, NULL, &output, NULL);
  after = dup (0);
  cr_expect_eq (after, before + 1);
  cr_expect_eq (waitpid (-1, NULL, WNOHANG), -1);
  cr_expect_eq (errno, ECHILD);
}
