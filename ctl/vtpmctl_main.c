/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * vtpmctl.  The administrator's tool, run as root by hand or by a script.  What
 * it reads belongs to the supervisors' unprivileged user: it follows no
 * symbolic link there, and bounds and checks every answer.
 */
#include <signal.h>
#include <stdio.h>

#include "log.h"
#include "vtpmctl_options.h"

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpmctl_options options;
  enum vtpm_program_action action;
  vtpmctl_command command;
  const struct vtpmctl_host host = { .run_dir = VTPM_RUN_DIR, .config_file = VTPM_CONFIG_FILE };

  signal (SIGPIPE, SIG_IGN);
  if (vtpmctl_options_parse (argc, argv, &action, &command, &options, &error) < 0)
    {
      vtpm_log (VTPM_LOG_ERROR, "%s; see --help", vtpm_error_message (error));
      return 2;
    }
  switch (action)
    {
    case VTPM_PROGRAM_SHOW_HELP:
      vtpmctl_options_print_help (stdout);
      return 0;
    case VTPM_PROGRAM_SHOW_VERSION:
      puts (PACKAGE_NAME " " PACKAGE_VERSION);
      return 0;
    case VTPM_PROGRAM_RUN:
      break;
    }
  if (command (&host, &options, &error) < 0 || fflush (stdout) != 0)
    {
      vtpm_log (VTPM_LOG_ERROR, "%s",
                error != NULL ? vtpm_error_message (error) : "cannot write the output");
      return 1;
    }
  return 0;
}
