/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_HOOK_OPTIONS_H
#define OCI_VTPM_HOOK_OPTIONS_H

/* The command line of oci-vtpm-hook: exactly one hook's name, as in the OCI
   runtime specification 1.0, config.md, "POSIX-platform Hooks".  */

#include "error.h"

enum vtpm_hook_action
{
  VTPM_HOOK_START, /* prestart, createRuntime */
  VTPM_HOOK_STOP,  /* poststop */
  VTPM_HOOK_HELP,
  VTPM_HOOK_VERSION,
};

extern const char vtpm_hook_usage[];

int vtpm_hook_options_parse (int argc, char *const *argv, enum vtpm_hook_action *action,
                             struct vtpm_error **error);

#endif
