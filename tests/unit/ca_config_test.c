/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_config.h"

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (ca_config, .init = make_temp_dir, .fini = remove_temp_dir);

static int
load (const char *text, struct vtpm_ca_config *config, struct vtpm_error **error)
{
  write_temp_file ("config.json", text, strlen (text));
  return vtpm_ca_config_load (temp_path ("config.json"), config, error);
}

Test (ca_config, has_defaults)
{
  static const char *const texts[] = { "{}", "{\"ca\":{}}", "{\"logLevel\":\"debug\"}" };
  struct vtpm_ca_config config;

  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    {
      assert_success (load (texts[i], &config, &error));
      cr_expect_str_eq (config.place.dir, VTPM_STATE_DIR "/ca");
      cr_expect_null (config.place.certificate);
      cr_expect_null (config.place.key);
      cr_expect_null (config.command);
      cr_expect_eq (config.policy.validity_days, 3650);
      cr_expect_eq (config.timeout, 10);
      vtpm_ca_config_clear (&config);
    }
  assert_success (vtpm_ca_config_load (temp_path ("none"), &config, &error));
  cr_expect_str_eq (config.place.dir, VTPM_STATE_DIR "/ca");
  vtpm_ca_config_clear (&config);
}

Test (ca_config, takes_all)
{
  struct vtpm_ca_config config;

  assert_success (load ("{\"stateDir\":\"/s\",\"ca\":{\"validityDays\":0,\"timeoutSeconds\":3600,"
                        "\"subject\":\"{namespace}.{pod}\",\"uri\":\"urn:uuid:{uuid}\","
                        "\"issuerUrl\":\"http://i\",\"ocspUrl\":\"http://o\",\"crlUrl\":\"http://c\"}}",
                        &config, &error));
  cr_expect_str_eq (config.place.dir, "/s/ca");
  cr_expect_eq (config.policy.validity_days, 0);
  cr_expect_eq (config.timeout, 3600);
  cr_expect_str_eq (config.policy.subject, "{namespace}.{pod}");
  cr_expect_str_eq (config.policy.uri, "urn:uuid:{uuid}");
  cr_expect_str_eq (config.policy.issuer_url, "http://i");
  cr_expect_str_eq (config.policy.ocsp_url, "http://o");
  cr_expect_str_eq (config.policy.crl_url, "http://c");
  vtpm_ca_config_clear (&config);
}

Test (ca_config, takes_an_issuer_of_somebody_elses)
{
  struct vtpm_ca_config config;

  assert_success (load ("{\"ca\":{\"dir\":\"/d\",\"issuer\":{\"certificate\":\"/c.pem\","
                        "\"key\":\"/k.pem\"}}}",
                        &config, &error));
  cr_expect_str_eq (config.place.dir, "/d");
  cr_expect_str_eq (config.place.certificate, "/c.pem");
  cr_expect_str_eq (config.place.key, "/k.pem");
  vtpm_ca_config_clear (&config);
  assert_success (load ("{\"ca\":{\"issuer\":{\"certificate\":\"/c.pem\",\"key\":"
                        "\"pkcs11:token=t;object=o\"}}}",
                        &config, &error));
  cr_expect_str_eq (config.place.key, "pkcs11:token=t;object=o");
  vtpm_ca_config_clear (&config);
  assert_success (load ("{\"ca\":{\"issuer\":{\"certificate\":\"/c.pem\",\"command\":"
                        "[\"/bin/sign\",\"\",\"-x\"]}}}",
                        &config, &error));
  cr_expect_str_eq (config.command[0], "/bin/sign");
  cr_expect_str_eq (config.command[1], "");
  cr_expect_str_eq (config.command[2], "-x");
  cr_expect_null (config.command[3]);
  vtpm_ca_config_clear (&config);
}

#define ISSUER(rest) "{\"ca\":{\"issuer\":{\"certificate\":\"/c.pem\"" rest "}}}"

Test (ca_config, says_what_is_wrong)
{
  static const struct
  {
    const char *text, *message;
  } cases[] = {
    { "{\"ca\":[]}", "\"ca\"" },
    { "{\"ca\":{\"directory\":\"/d\"}}", "config.json: \"ca\": unknown key \"directory\"" },
    { "{\"ca\":{\"dir\":\"d\"}}", "\"ca\": \"dir\": \"d\" is not an absolute path" },
    { "{\"ca\":{\"subject\":\"{name}\"}}", "\"ca\": \"subject\": " },
    { "{\"ca\":{\"uri\":\"{uuid\"}}", "\"ca\": \"uri\": " },
    { "{\"ca\":{\"crlUrl\":7}}", "\"crlUrl\"" },
    { "{\"ca\":{\"issuer\":{\"certificate\":\"c.pem\",\"key\":\"/k\"}}}", "\"c.pem\" is not an absolute" },
    { ISSUER (""), "\"issuer\" has to have one of \"key\" and \"command\"" },
    { ISSUER (",\"key\":\"/k\",\"command\":[\"/c\"]"), "has to have one of \"key\" and \"command\"" },
    { ISSUER (",\"keys\":\"/k\""), "\"ca\": \"issuer\": unknown key \"keys\"" },
    { ISSUER (",\"key\":\"k\""), "\"key\": \"k\" is not an absolute path" },
    { ISSUER (",\"command\":\"/c\""), "\"command\" is not an array of strings" },
    { ISSUER (",\"command\":[]"), "\"command\" is not an array of strings" },
    { ISSUER (",\"command\":[\"c\"]"), "\"command\" is not an array of strings" },
    { ISSUER (",\"command\":[\"/c\",7]"), "\"command\" is not an array of strings" },
    { ISSUER (",\"command\":[\"/c\",null]"), "\"command\" is not an array of strings" },
    { ISSUER (",\"command\":[\"/c\",\"a\\u0000b\"]"), "\"command\" is not an array of strings" },
    { "{\"cas\":{}}", "unknown key \"cas\"" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct vtpm_ca_config config;

      expect_error (load (cases[i].text, &config, &error), EINVAL, cases[i].message);
    }
}

Test (ca_config, knows_its_limits)
{
  static const struct
  {
    const char *text, *message;
    int errnum;
  } cases[] = {
    { "{\"ca\":{\"validityDays\":-1}}", "\"validityDays\"", ERANGE },
    { "{\"ca\":{\"validityDays\":36501}}", "\"validityDays\"", ERANGE },
    { "{\"ca\":{\"timeoutSeconds\":0}}", "\"timeoutSeconds\"", ERANGE },
    { "{\"ca\":{\"issuer\":{}}}", "\"issuer\": \"certificate\" is missing", ENOENT },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct vtpm_ca_config config;

      expect_error (load (cases[i].text, &config, &error), cases[i].errnum, cases[i].message);
    }
}
