/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "hook_config.h"

#include <sys/stat.h>

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (hook_config, .init = make_temp_dir, .fini = remove_temp_dir);

static int
load (const char *content, struct vtpm_hook_config *config, struct vtpm_error **error)
{
  write_temp_file ("config.json", content, strlen (content));
  return vtpm_hook_config_load (temp_path ("config.json"), config, error);
}

static void
expect_defaults (const struct vtpm_hook_config *config)
{
  cr_expect_str_eq (config->driver, "auto");
  cr_expect (config->load_module);
  cr_expect_eq (config->start_timeout, 30);
  cr_expect_eq (config->stop_timeout, 10);
  cr_expect_eq (config->log_level, VTPM_LOG_INFO);
}

Test (hook_config, has_defaults)
{
  struct vtpm_hook_config config;

  assert_success (vtpm_hook_config_load (temp_path ("config.json"), &config, &error));
  expect_defaults (&config);
  assert_success (load ("{}", &config, &error));
  expect_defaults (&config);
}

Test (hook_config, takes_all)
{
  struct vtpm_hook_config config;

  assert_success (load ("{\"driver\":\"vtpmx\",\"loadModule\":false,\"startTimeoutSeconds\":1,"
                        "\"stopTimeoutSeconds\":3600,\"logLevel\":\"debug\"}",
                        &config, &error));
  cr_expect_str_eq (config.driver, "vtpmx");
  cr_expect_not (config.load_module);
  cr_expect_eq (config.start_timeout, 1);
  cr_expect_eq (config.stop_timeout, 3600);
  cr_expect_eq (config.log_level, VTPM_LOG_DEBUG);
}

Test (hook_config, says_what_is_wrong)
{
  static const struct
  {
    const char *content;
    int errnum;
    const char *message;
  } cases[] = {
    { "", EINVAL, "/config.json is empty" },
    { "{\n\"driver\":\n}", EINVAL, "/config.json: line 3, column 1: " },
    { "[]", EINVAL, "/config.json: not a JSON object" },
    { "{\"Driver\":\"auto\"}", EINVAL, "/config.json: unknown key \"Driver\"" },
    { "{\"\\u001b\":1}", EINVAL, "/config.json: unknown key \"?\"" },
    { "{\"driver\":\"auto\",\"x\":1}", EINVAL, "/config.json: unknown key \"x\"" },
    { "{\"driver\":\"nosuch\"}", EINVAL, "\"driver\": no driver \"nosuch\" in this build" },
    { "{\"driver\":\"\"}", EINVAL, "no driver \"\" in this build" },
    { "{\"driver\":\"auto\\u0000x\"}", EINVAL, "\"driver\" contains a NUL byte" },
    { "{\"driver\":null}", EINVAL, "\"driver\" is of type null, not string" },
    { "{\"driver\":[\"vtpmx\"]}", EINVAL, "\"driver\" is of type array, not string" },
    { "{\"loadModule\":1}", EINVAL, "\"loadModule\" is of type int, not boolean" },
    { "{\"loadModule\":\"false\"}", EINVAL, "\"loadModule\" is of type string, not boolean" },
    { "{\"loadModule\":null}", EINVAL, "\"loadModule\" is of type null, not boolean" },
    { "{\"startTimeoutSeconds\":0}", ERANGE,
      "\"startTimeoutSeconds\" is 0, not between 1 and 3600" },
    { "{\"startTimeoutSeconds\":3601}", ERANGE, "\"startTimeoutSeconds\" is 3601" },
    { "{\"startTimeoutSeconds\":-1}", ERANGE, "\"startTimeoutSeconds\" is -1" },
    { "{\"startTimeoutSeconds\":4294967297}", ERANGE, "\"startTimeoutSeconds\" is 4294967297" },
    { "{\"startTimeoutSeconds\":1.5}", EINVAL, "\"startTimeoutSeconds\" is of type double" },
    { "{\"startTimeoutSeconds\":\"5\"}", EINVAL, "\"startTimeoutSeconds\" is of type string" },
    { "{\"stopTimeoutSeconds\":0}", ERANGE, "\"stopTimeoutSeconds\" is 0" },
    { "{\"stopTimeoutSeconds\":3601}", ERANGE, "\"stopTimeoutSeconds\" is 3601" },
    { "{\"stopTimeoutSeconds\":true}", EINVAL, "\"stopTimeoutSeconds\" is of type boolean" },
    { "{\"logLevel\":\"loud\"}", EINVAL, "\"loud\" is not error, warning, info or debug" },
    { "{\"logLevel\":3}", EINVAL, "\"logLevel\" is of type int, not string" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct vtpm_hook_config config;

      expect_error (load (cases[i].content, &config, &error), cases[i].errnum, cases[i].message);
    }
}

/* Only an absent file means the defaults.  */
Test (hook_config, must_be_readable)
{
  struct vtpm_hook_config config;

  cr_assert_eq (mkdir (temp_path ("config.json"), 0700), 0);
  expect_error (vtpm_hook_config_load (temp_path ("config.json"), &config, &error), EISDIR,
                "cannot read");
  write_temp_file ("file", "", 0);
  expect_error (vtpm_hook_config_load (temp_path ("file/config.json"), &config, &error), ENOTDIR,
                "cannot open");
  cr_assert_eq (symlink ("loop", temp_path ("loop")), 0);
  expect_error (vtpm_hook_config_load (temp_path ("loop"), &config, &error), ELOOP, "cannot open");
}

Test (hook_config, must_not_be_huge)
{
  struct vtpm_hook_config config;

  write_temp_file ("config.json", "{}", 2);
  cr_assert_eq (truncate (temp_path ("config.json"), (1 << 20) + 1), 0);
  expect_error (vtpm_hook_config_load (temp_path ("config.json"), &config, &error), EFBIG,
                "is larger than 1048576 bytes");
}
