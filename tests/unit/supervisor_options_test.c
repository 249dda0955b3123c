/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor_options.h"

#include "expect_error.h"

/* Splits LINE at its blanks, after the program's name.  */
static int
parse (const char *line, enum vtpm_program_action *action,
       struct vtpm_supervisor_settings *settings, struct vtpm_error **error)
{
  static char words[1024];
  char *argv[32] = { (char *) "vtpm-supervisor" };
  char *rest = NULL;
  int argc = 1;

  snprintf (words, sizeof (words), "%s", line);
  for (char *word = strtok_r (words, " ", &rest); word != NULL; word = strtok_r (NULL, " ", &rest))
    argv[argc++] = word;
  return vtpm_supervisor_options_parse (argc, argv, action, settings, error);
}

Test (supervisor_options, has_defaults)
{
  struct vtpm_supervisor_settings settings;
  enum vtpm_program_action action;

  assert_success (parse ("--container-id c1 --container-pid 17", &action, &settings, &error));
  cr_expect_eq (action, VTPM_PROGRAM_RUN);
  cr_expect_str_eq (settings.container_id, "c1");
  cr_expect_eq (settings.container_pid, 17);
  cr_expect_str_eq (settings.run_dir, VTPM_RUN_DIR);
  cr_expect_str_eq (settings.emulator, VTPM_LIBEXEC_DIR "/vtpm-emulator");
  cr_expect_eq (settings.version, VTPM_TPM_2_0);
  cr_expect_eq (settings.stop_timeout, 10);
  cr_expect_not (settings.persistent);
  cr_expect_str_eq (settings.state_dir, VTPM_STATE_DIR);
  cr_expect_eq (settings.restarts_per_minute, 30);
  cr_expect_eq (settings.log_level, VTPM_LOG_INFO);
  cr_expect_str_eq (settings.driver, "vtpmx");
  cr_expect_eq (settings.device_uid, 0);
  cr_expect_eq (settings.device_gid, 0);
  cr_expect_eq (settings.device_mode, 0660);
  cr_expect_eq (settings.server_fd, -1);
  cr_expect_eq (settings.hook_fd, -1);
  cr_expect_eq (settings.container_pidfd, -1);
  cr_expect_eq (settings.host_keys_fd, -1);
}

Test (supervisor_options, takes_all)
{
  struct vtpm_supervisor_settings settings;
  enum vtpm_program_action action;

  assert_success (parse ("--container-id=c1 --container-pid=2147483647 --tpm-version 1.2 "
                         "--stop-timeout 3600 --log-level debug --run-dir /r --emulator /e "
                         "--instance team-a/web --uuid 0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff --state-dir /s --restarts-per-minute 1000000",
                         &action, &settings, &error));
  cr_expect_str_eq (settings.uuid, "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff");
  cr_expect_eq (settings.container_pid, 2147483647);
  cr_expect_eq (settings.version, VTPM_TPM_1_2);
  cr_expect_eq (settings.stop_timeout, 3600);
  cr_expect_eq (settings.log_level, VTPM_LOG_DEBUG);
  cr_expect_str_eq (settings.run_dir, "/r");
  cr_expect_str_eq (settings.emulator, "/e");
  cr_expect (settings.persistent);
  cr_expect_str_eq (settings.instance.scope, "team-a");
  cr_expect_str_eq (settings.instance.name, "web");
  cr_expect_str_eq (settings.state_dir, "/s");
  cr_expect_eq (settings.restarts_per_minute, 1000000);
}

#ifdef VTPM_HAVE_FUSE
Test (supervisor_options, takes_what_drivers_want)
{
  struct vtpm_supervisor_settings settings;
  enum vtpm_program_action action;

  assert_success (parse ("--container-id c1 --container-pid 17 --driver cuse --device-name vtpm-1 "
                         "--device-uid 4294967294 --device-gid 7 --device-mode 0604",
                         &action, &settings, &error));
  cr_expect_str_eq (settings.driver, "cuse");
  cr_expect_str_eq (settings.device_name, "vtpm-1");
  cr_expect_eq (settings.device_uid, 4294967294u);
  cr_expect_eq (settings.device_gid, 7);
  cr_expect_eq (settings.device_mode, 0604);
}
#endif

Test (supervisor_options, takes_a_containers_own_instance)
{
  struct vtpm_supervisor_settings settings;
  enum vtpm_program_action action;

  assert_success (parse ("--container-id C_1 --container-pid 17 --instance _container/C_1", &action,
                         &settings, &error));
  cr_expect_str_eq (settings.instance.scope, "_container");
  cr_expect_str_eq (settings.instance.name, "C_1");
}

Test (supervisor_options, shows_help_and_version)
{
  struct vtpm_supervisor_settings settings;
  enum vtpm_program_action action;

  assert_success (parse ("--help", &action, &settings, &error));
  cr_expect_eq (action, VTPM_PROGRAM_SHOW_HELP);
  assert_success (parse ("--version", &action, &settings, &error));
  cr_expect_eq (action, VTPM_PROGRAM_SHOW_VERSION);
}

Test (supervisor_options, says_what_is_wrong)
{
  static const struct
  {
    const char *line;
    const char *message;
  } cases[] = {
    { "", "--container-id and --container-pid are needed" },
    { "--container-id c", "--container-id and --container-pid are needed" },
    { "--container-pid 1", "--container-id and --container-pid are needed" },
    { "--container-id ../c --container-pid 1", "--container-id: container id \"../c\" is not" },
    { "--container-id= --container-pid 1", "--container-id: container id \"\" is not" },
    { "--container-pid 0", "--container-pid: \"0\" is not a number from 1 to 2147483647" },
    { "--container-pid -1", "--container-pid: \"-1\" is not a number from 1" },
    { "--container-pid 2147483648", "--container-pid: \"2147483648\" is not a number" },
    { "--container-pid 99999999999999999999", "is not a number from 1" },
    { "--container-pid 1x", "--container-pid: \"1x\" is not a number" },
    { "--container-pid=", "--container-pid: \"\" is not a number" },
    { "--container-pid", "the option --container-pid needs a value" },
    { "--stop-timeout 0", "--stop-timeout: \"0\" is not a number from 1 to 3600" },
    { "--stop-timeout 3601", "--stop-timeout: \"3601\" is not a number from 1 to 3600" },
    { "--restarts-per-minute 0",
      "--restarts-per-minute: \"0\" is not a number from 1 to 1000000" },
    { "--restarts-per-minute 1000001", "--restarts-per-minute: \"1000001\" is not a number" },
    { "--instance ../web", "--instance: " },
    { "--instance local/../../x", "--instance: " },
    { "--instance=", "--instance: " },
    { "--tpm-version 3.0", "--tpm-version: \"3.0\" is neither 2.0 nor 1.2" },
    { "--log-level all", "--log-level: \"all\" is not error, warning, info or debug" },
    { "--driver auto", "no driver \"auto\" in this build" },
    { "--device-mode 8", "\"8\" are no permission bits (octal)" },
    { "--device-mode 1000", "\"1000\" are no permission bits (octal)" },
    { "--device-uid -1", "\"-1\" is not a number from 0 to 4294967295" },
    { "--devices tpm0", "unknown option --devices" },
    { "--help=1", "unknown option --help=1" },
    { "--container-id c --container-pid 1 more", "unexpected argument \"more\"" },
    { "--help more", "unexpected argument \"more\"" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      _cleanup_error_ struct vtpm_error *problem = NULL;
      struct vtpm_supervisor_settings settings;
      enum vtpm_program_action action;

      cr_expect_eq (parse (cases[i].line, &action, &settings, &problem), -1, "%s", cases[i].line);
      cr_assert_not_null (problem, "%s", cases[i].line);
      cr_expect_not_null (strstr (vtpm_error_message (problem), cases[i].message), "%s: %s",
                          cases[i].line, vtpm_error_message (problem));
    }
}

Test (supervisor_options, helps_with_every_option)
{
  static const char *const words[]
      = { "--container-id", "--container-pid", "--tpm-version", "--stop-timeout", "--log-level",
          "--run-dir",      "--emulator",      "--help",        "--version",
          "--instance",     "--state-dir",     "--restarts-per-minute" };
  _cleanup_free_ char *text = NULL;
  size_t size;
  FILE *stream = open_memstream (&text, &size);

  vtpm_supervisor_options_print_help (stream);
  fclose (stream);
  for (size_t i = 0; i < sizeof (words) / sizeof (words[0]); i++)
    cr_expect_not_null (strstr (text, words[i]), "%s is missing", words[i]);
}
