/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "driver.h"

#include <fcntl.h>

#include "expect_error.h"

#define CONTROL_DEVICE "/dev/vtpmx"

static const struct vtpm_pair_request request = { .version = VTPM_TPM_2_0, .load_module = false };

Test (driver, is_known_by_name)
{
  static const char *const unknown[] = { "", "Auto", "auto ", "vtpm", "vtpmx2", "cuse,vtpmx" };

  cr_expect (vtpm_driver_exists ("auto"));
  cr_expect (vtpm_driver_exists ("vtpmx"));
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

Test (driver, has_every_operation)
{
  cr_expect_str_eq (vtpm_driver_vtpmx.name, "vtpmx");
  cr_expect_not_null (vtpm_driver_vtpmx.create);
  cr_expect_not_null (vtpm_driver_vtpmx.event_fd);
  cr_expect_not_null (vtpm_driver_vtpmx.is_usable);
  cr_expect_not_null (vtpm_driver_vtpmx.get_nodes);
  cr_expect_not_null (vtpm_driver_vtpmx.destroy);
}

/* A pair that can be made is checked, and goes at once: nobody answers on its
   server side.  */
static void
check_pair (struct vtpm_pair *pair)
{
  bool usable = true;

  cr_assert_not_null (pair);
  cr_expect_eq (pair->driver, &vtpm_driver_vtpmx);
  cr_expect_eq (fcntl (pair->server_fd, F_GETFD), FD_CLOEXEC);
  cr_expect_geq (pair->driver->event_fd (pair), 0);
  assert_success (pair->driver->is_usable (pair, &usable, &error));
  cr_expect_not (usable, "the kernel registers no TPM that has not answered");
  vtpm_pair_close_server (pair);
  cr_expect_eq (pair->server_fd, -1);
  vtpm_pair_close_server (pair);
  vtpm_pair_free (pair);
}

/* Whether this host has the device decides what is right.  */
static void
check_driver (const char *name, const char *context)
{
  struct vtpm_pair *pair = NULL;

  if (access (CONTROL_DEVICE, F_OK) == 0)
    {
      assert_success (vtpm_pair_create (name, &request, &pair, &error));
      check_pair (pair);
      return;
    }
  expect_error (vtpm_pair_create (name, &request, &pair, &error), ENODEV, context);
  expect_error (vtpm_pair_create (name, &request, &pair, &error), ENODEV,
                "this kernel has no vTPM proxy: no " CONTROL_DEVICE
                " and the module tpm_vtpm_proxy is not loaded");
  cr_expect_null (pair);
}

Test (driver, works_or_says_why_not)
{
  check_driver ("vtpmx", "");
}

Test (driver, is_chosen_or_all_say_why_not)
{
  check_driver ("auto", "no driver works on this host: ");
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
