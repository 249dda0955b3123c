/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>

#include "vtpm_info.h"
#include "vtpmctl.h"

int
vtpmctl_inspect (const struct vtpmctl_options *options, struct vtpm_error **error)
{
  _cleanup_json_ json_object *info = NULL;
  _cleanup_free_ char *id = NULL;

  if (vtpm_info_find (VTPM_RUN_DIR, options->id, &id, error) < 0
      || vtpm_info_get (VTPM_RUN_DIR, id, &info, error) < 0)
    return -1;
  puts (json_object_to_json_string_ext (info, JSON_C_TO_STRING_PRETTY
                                                  | JSON_C_TO_STRING_NOSLASHESCAPE));
  return 0;
}
