/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "host_config.h"

#include <sys/stat.h>

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (host_config, .init = make_temp_dir, .fini = remove_temp_dir);

static int
load (const char *content, struct vtpm_host_config *config, struct vtpm_error **error)
{
  write_temp_file ("config.json", content, strlen (content));
  return vtpm_host_config_load (temp_path ("config.json"), config, error);
}

static void
expect_defaults (const struct vtpm_host_config *config)
{
  cr_expect_str_eq (config->driver, "auto");
  cr_expect (config->load_module);
  cr_expect_eq (config->start_timeout, 30);
  cr_expect_eq (config->stop_timeout, 10);
  cr_expect_eq (config->log_level, VTPM_LOG_INFO);
  cr_expect_str_eq (config->state_dir, VTPM_STATE_DIR);
  cr_expect_str_eq (config->host_key_source, "file");
  cr_expect_str_eq (config->host_key_location, VTPM_STATE_DIR "/host.key");
  cr_expect_eq (config->retention_days, 7);
  cr_expect_eq (config->restarts_per_minute, 30);
}

Test (host_config, has_defaults)
{
  struct vtpm_host_config config;

  assert_success (vtpm_host_config_load (temp_path ("config.json"), &config, &error));
  expect_defaults (&config);
  assert_success (load ("{}", &config, &error));
  expect_defaults (&config);
}

Test (host_config, takes_all)
{
  struct vtpm_host_config config;

  assert_success (load ("{\"driver\":\"vtpmx\",\"loadModule\":false,\"startTimeoutSeconds\":1,"
                        "\"stopTimeoutSeconds\":3600,\"logLevel\":\"debug\","
                        "\"stateDir\":\"/srv/vtpm\",\"hostKey\":{\"file\":\"/etc/key\"},"
                        "\"retentionDays\":0,\"restartsPerMinute\":1000000}",
                        &config, &error));
  cr_expect_str_eq (config.driver, "vtpmx");
  cr_expect_not (config.load_module);
  cr_expect_eq (config.start_timeout, 1);
  cr_expect_eq (config.stop_timeout, 3600);
  cr_expect_eq (config.log_level, VTPM_LOG_DEBUG);
  cr_expect_str_eq (config.state_dir, "/srv/vtpm");
  cr_expect_str_eq (config.host_key_source, "file");
  cr_expect_str_eq (config.host_key_location, "/etc/key");
  cr_expect_eq (config.retention_days, 0);
  cr_expect_eq (config.restarts_per_minute, 1000000);
}

Test (host_config, takes_a_credential)
{
  struct vtpm_host_config config;

  assert_success (load ("{\"hostKey\":{\"credential\":\"oci-vtpm.key\"}}", &config, &error));
  cr_expect_str_eq (config.host_key_source, "credential");
  cr_expect_str_eq (config.host_key_location, "oci-vtpm.key");
}

/* Whichever of the two comes first in the file.  */
Test (host_config, keeps_the_key_beside_the_state)
{
  struct vtpm_host_config config;

  assert_success (load ("{\"stateDir\":\"/srv/vtpm\"}", &config, &error));
  cr_expect_str_eq (config.host_key_location, "/srv/vtpm/host.key");
  assert_success (load ("{\"hostKey\":{\"file\":\"/key\"},\"stateDir\":\"/srv\"}", &config,
                        &error));
  cr_expect_str_eq (config.host_key_location, "/key");
}

Test (host_config, bounds_paths)
{
  struct vtpm_host_config config;
  char path[VTPM_CONFIG_PATH_SIZE + 1], text[2 * VTPM_CONFIG_PATH_SIZE];

  memset (path, '/', VTPM_CONFIG_PATH_SIZE);
  path[VTPM_CONFIG_PATH_SIZE] = '\0';
  snprintf (text, sizeof (text), "{\"stateDir\":\"%s\"}", path);
  expect_error (load (text, &config, &error), ENAMETOOLONG,
                "\"stateDir\" is longer than 1023 bytes");
  snprintf (text, sizeof (text), "{\"hostKey\":{\"file\":\"%s\"}}", path);
  expect_error (load (text, &config, &error), ENAMETOOLONG,
                "\"hostKey\": \"file\" is longer than 1023 bytes");
  snprintf (text, sizeof (text), "{\"stateDir\":\"%s\"}", path + 1);
  assert_success (load (text, &config, &error));
  cr_expect_eq (strlen (config.host_key_location), 1023 + strlen ("/host.key"));
}

Test (host_config, says_what_is_wrong)
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
    { "{\"driver\":\"01234567890123456789012345678901\"}", ENAMETOOLONG,
      "\"driver\" is longer than 31 bytes" },
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
    { "{\"stateDir\":\"\"}", EINVAL, "\"stateDir\": \"\" is not an absolute path" },
    { "{\"stateDir\":\"var\"}", EINVAL, "\"stateDir\": \"var\" is not an absolute path" },
    { "{\"stateDir\":null}", EINVAL, "\"stateDir\" is of type null, not string" },
    { "{\"retentionDays\":-1}", ERANGE, "\"retentionDays\" is -1, not between 0 and 3650" },
    { "{\"retentionDays\":3651}", ERANGE, "\"retentionDays\" is 3651" },
    { "{\"restartsPerMinute\":0}", ERANGE,
      "\"restartsPerMinute\" is 0, not between 1 and 1000000" },
    { "{\"restartsPerMinute\":1000001}", ERANGE, "\"restartsPerMinute\" is 1000001" },
    { "{\"hostKey\":\"/key\"}", EINVAL, "\"hostKey\" is of type string, not object" },
    { "{\"hostKey\":{}}", EINVAL, "\"hostKey\" has to have one of \"file\" and \"credential\"" },
    { "{\"hostKey\":{\"file\":\"/k\",\"credential\":\"k\"}}", EINVAL,
      "\"hostKey\" has to have one of \"file\" and \"credential\"" },
    { "{\"hostKey\":{\"tpm\":\"/k\"}}", EINVAL, "/config.json: \"hostKey\": unknown key \"tpm\"" },
    { "{\"hostKey\":{\"file\":7}}", EINVAL, "\"hostKey\": \"file\" is of type int, not string" },
    { "{\"hostKey\":{\"file\":\"k\"}}", EINVAL,
      "\"hostKey\": \"file\": \"k\" is not an absolute path" },
    { "{\"hostKey\":{\"credential\":\"\"}}", EINVAL,
      "\"hostKey\": \"credential\": \"\" is not a credential's name" },
    { "{\"hostKey\":{\"credential\":\"..\"}}", EINVAL, "\"..\" is not a credential's name" },
    { "{\"hostKey\":{\"credential\":\"a/b\"}}", EINVAL, "\"a/b\" is not a credential's name" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct vtpm_host_config config;

      expect_error (load (cases[i].content, &config, &error), cases[i].errnum, cases[i].message);
    }
}

/* Only an absent file means the defaults.  */
Test (host_config, must_be_readable)
{
  struct vtpm_host_config config;

  cr_assert_eq (mkdir (temp_path ("config.json"), 0700), 0);
  expect_error (vtpm_host_config_load (temp_path ("config.json"), &config, &error), EISDIR,
                "cannot read");
  write_temp_file ("file", "", 0);
  expect_error (vtpm_host_config_load (temp_path ("file/config.json"), &config, &error), ENOTDIR,
                "cannot open");
  cr_assert_eq (symlink ("loop", temp_path ("loop")), 0);
  expect_error (vtpm_host_config_load (temp_path ("loop"), &config, &error), ELOOP, "cannot open");
}

Test (host_config, must_not_be_huge)
{
  struct vtpm_host_config config;

  write_temp_file ("config.json", "{}", 2);
  cr_assert_eq (truncate (temp_path ("config.json"), (1 << 20) + 1), 0);
  expect_error (vtpm_host_config_load (temp_path ("config.json"), &config, &error), EFBIG,
                "is larger than 1048576 bytes");
}
