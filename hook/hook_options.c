/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "hook_options.h"

#include <string.h>

#include "names.h"

const char vtpm_hook_usage[]
    = "Usage: oci-vtpm-hook prestart|createRuntime|poststop < STATE\n"
      "\n"
      "Gives an OCI container that asks for it a TPM of its own. OCI runtimes run\n"
      "this program, with the container's state (JSON) on standard input.\n"
      "\n"
      "  --help     print this text\n"
      "  --version  print the version\n";

static const struct
{
  const char *word;
  enum vtpm_hook_action action;
} words[] = {
  { "prestart", VTPM_HOOK_START },  { "createRuntime", VTPM_HOOK_START },
  { "poststop", VTPM_HOOK_STOP },   { "--help", VTPM_HOOK_HELP },
  { "--version", VTPM_HOOK_VERSION },
};

int
vtpm_hook_options_parse (int argc, char *const *argv, enum vtpm_hook_action *action,
                         struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  if (argc != 2)
    return vtpm_error_set_plain (error, EINVAL, "%d arguments instead of the name of one hook",
                                 argc > 0 ? argc - 1 : 0);
  for (size_t i = 0; i < sizeof (words) / sizeof (words[0]); i++)
    if (strcmp (argv[1], words[i].word) == 0)
      {
        *action = words[i].action;
        return 0;
      }
  return vtpm_error_set_plain (error, EINVAL, "\"%s\" is not prestart, createRuntime or poststop",
                               vtpm_name_quote (argv[1], quoted, sizeof (quoted)));
}
