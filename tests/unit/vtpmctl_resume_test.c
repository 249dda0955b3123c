/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_fixture.h"

#include <signal.h>

#include "brief_supervisor.h"

static void
set_up (void)
{
  signal (SIGPIPE, SIG_IGN);
  make_host ();
}

TestSuite (vtpmctl_resume, .init = set_up, .fini = remove_host, .timeout = 60);

static void
start_supervisor (const char *id, uint32_t answer, const char *text)
{
  start_brief_supervisor (host.run_dir, id, VTPM_CONTROL_RESUME, answer, text);
}

Test (vtpmctl_resume, resumes)
{
  start_supervisor ("4f3c", VTPM_CONTROL_RESUMING, "");
  run_success ("resume 4f");
  cr_expect_str_eq (printed, "");
}

Test (vtpmctl_resume, says_why_not)
{
  start_supervisor ("4f3c", VTPM_CONTROL_REFUSED, "the vTPM is serving");
  run_error ("resume 4f3c", ECANCELED, "4f3c: the vTPM is serving");
}

Test (vtpmctl_resume, needs_a_vtpm)
{
  run_error ("resume 4f3c", ENOENT, "no vTPM of a container \"4f3c\"");
  cr_assert_eq (mkdir (temp_path ("run/4f3c"), 0700), 0);
  run_error ("resume 4f3c", ENOENT, "/4f3c: cannot connect");
}
