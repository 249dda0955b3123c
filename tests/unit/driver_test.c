/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "driver_internal.h"

#include <fcntl.h>
#include <string.h>

#include "expect_error.h"

static const struct vtpm_pair_request request = { .version = VTPM_TPM_2_0, .load_module = false };

/* In order of preference, and what a host without it says.  */
static const struct
{
  const struct vtpm_driver *driver;
  const char *name;
  const char *control_device;
  const char *missing;
} drivers[] = {
  { &vtpm_driver_vtpmx, "vtpmx", "/dev/vtpmx",
    "this kernel has no vTPM proxy: no /dev/vtpmx and the module tpm_vtpm_proxy is not loaded" },
#ifdef VTPM_HAVE_FUSE
  { &vtpm_driver_cuse, "cuse", "/dev/cuse",
    "this kernel has no CUSE: no /dev/cuse and the module cuse is not loaded" },
  { &vtpm_driver_fuse, "fuse", "/dev/fuse",
    "this kernel has no FUSE: no /dev/fuse and the module fuse is not loaded" },
#endif
};

#define DRIVER_COUNT (sizeof (drivers) / sizeof (drivers[0]))

Test (driver, is_known_by_name)
{
  static const char *const unknown[] = { "", "Auto", "auto ", "vtpm", "vtpmx2", "cuse,vtpmx" };

  cr_expect (vtpm_driver_exists ("auto"));
  for (size_t i = 0; i < DRIVER_COUNT; i++)
    {
      cr_expect (vtpm_driver_exists (drivers[i].name));
      cr_expect_str_eq (drivers[i].driver->name, drivers[i].name);
    }
  for (size_t i = 0; i < sizeof (unknown) / sizeof (unknown[0]); i++)
    cr_expect_not (vtpm_driver_exists (unknown[i]), "%s", unknown[i]);
}

Test (driver, must_be_known)
{
  struct vtpm_pair *pair = NULL;

  expect_error (vtpm_pair_create ("nosuch", &request, &pair, &error), EINVAL,
                "no driver \"nosuch\" in this build");
  cr_expect_null (pair);
}

/* A pair that can be made is checked, and goes at once: nobody answers on its
   server side.  */
static void
check_pair (struct vtpm_pair *pair)
{
  bool is_file = strcmp (pair->driver->name, "fuse") == 0;
  bool usable = !is_file;

  cr_expect_eq (fcntl (pair->server_fd, F_GETFD), FD_CLOEXEC);
  cr_expect_eq (pair->driver->event_fd (pair) >= 0, !is_file);
  assert_success (pair->driver->is_usable (pair, &usable, &error));
  cr_expect_eq (usable, is_file, "the kernel registers no device that has not answered");
  cr_expect_eq (pair->device_name[0] != '\0', strcmp (pair->driver->name, "cuse") == 0);
  vtpm_pair_close_server (pair);
  cr_expect_eq (pair->server_fd, -1);
  vtpm_pair_close_server (pair);
  vtpm_pair_free (pair);
}

/* Whether this host has the device decides what is right; a test in a sandbox
   may not be allowed to use one that is there.  */
Test (driver, works_or_says_why_not)
{
  for (size_t i = 0; i < DRIVER_COUNT; i++)
    {
      _cleanup_error_ struct vtpm_error *problem = NULL;
      struct vtpm_pair *pair = NULL;
      bool made = vtpm_pair_create (drivers[i].name, &request, &pair, &problem) == 0;

      if (access (drivers[i].control_device, F_OK) != 0)
        {
          cr_assert_not (made);
          cr_expect_eq (vtpm_error_errnum (problem), ENODEV);
          cr_expect_str_eq (vtpm_error_message (problem), drivers[i].missing);
        }
      else if (made)
        {
          cr_expect_eq (pair->driver, drivers[i].driver);
          cr_expect_eq (pair->passed_over_count, 0);
          check_pair (pair);
        }
      else
        cr_expect (vtpm_error_errnum (problem) == EPERM || vtpm_error_errnum (problem) == EACCES,
                   "%s", vtpm_error_message (problem));
    }
}

Test (driver, is_the_first_that_works)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  struct vtpm_pair *pair = NULL;

  if (vtpm_pair_create ("auto", &request, &pair, &problem) < 0)
    {
      cr_expect_eq (strncmp (vtpm_error_message (problem), "no driver works on this host: vtpmx: ",
                             37),
                    0, "%s", vtpm_error_message (problem));
      return;
    }
  cr_assert_lt (pair->passed_over_count, DRIVER_COUNT);
  cr_expect_eq (pair->driver, drivers[pair->passed_over_count].driver);
  for (size_t i = 0; i < pair->passed_over_count; i++)
    {
      cr_expect_str_eq (pair->passed_over[i].driver, drivers[i].name);
      cr_expect_str_not_empty (pair->passed_over[i].reason);
    }
  check_pair (pair);
}

Test (driver, may_fail_unheard)
{
  struct vtpm_pair *pair = NULL;

  cr_expect_eq (vtpm_pair_create ("nosuch", &request, &pair, NULL), -1);
  if (vtpm_pair_create ("auto", &request, &pair, NULL) < 0)
    cr_expect_null (pair);
  vtpm_pair_free (pair);
}

Test (driver, frees_no_pair)
{
  vtpm_pair_free (NULL);
}
