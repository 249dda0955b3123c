/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "cgroup_paths.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/sysmacros.h>

#define ROOT_MOUNT "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define V2_MOUNT                                                                                   \
  "30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 "        \
  "rw,nsdelegate,memory_recursiveprot\n"
#define UNIFIED_MOUNT                                                                              \
  "31 24 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:5 master:2 - cgroup2 cgroup2 rw\n"
#define CPU_MOUNT                                                                                  \
  "32 24 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:6 - cgroup cgroup rw,cpu,cpuacct\n"
#define SYSTEMD_MOUNT                                                                              \
  "33 24 0:29 / /sys/fs/cgroup/systemd rw shared:7 - cgroup cgroup rw,xattr,name=devices\n"
#define DEVICES_MOUNT "34 24 0:30 / /sys/fs/cgroup/devices rw shared:8 - cgroup cgroup rw,devices\n"

static void
check_found (const char *mountinfo, const char *cgroup, enum vtpm_cgroup_version version,
             const char *path, unsigned int minor_number)
{
  _cleanup_cgroup_location_ struct vtpm_cgroup_location location = { .path = NULL };
  _cleanup_error_ struct vtpm_error *error = NULL;

  cr_assert_eq (vtpm_cgroup_locate (mountinfo, cgroup, &location, &error), 0, "%s",
                error != NULL ? vtpm_error_message (error) : "");
  cr_assert_eq (location.version, version);
  cr_assert_str_eq (location.path, path);
  cr_assert_eq (location.device, makedev (0, minor_number));
}

static void
check_error (const char *mountinfo, const char *cgroup, int errnum, const char *word)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_cgroup_location location = { .path = NULL };

  cr_assert_eq (vtpm_cgroup_locate (mountinfo, cgroup, &location, &error), -1);
  cr_assert_null (location.path);
  cr_assert_eq (vtpm_error_errnum (error), errnum, "%s", vtpm_error_message (error));
  cr_assert_not_null (strstr (vtpm_error_message (error), word), "%s", vtpm_error_message (error));
}

TestSuite (cgroup_paths);

Test (cgroup_paths, finds_v2)
{
  check_found (ROOT_MOUNT V2_MOUNT, "0::/system.slice/crun-a.scope/container\n", VTPM_CGROUP_V2,
               "/sys/fs/cgroup/system.slice/crun-a.scope/container", 26);
}

Test (cgroup_paths, finds_the_root_cgroup)
{
  check_found (ROOT_MOUNT V2_MOUNT, "0::/\n", VTPM_CGROUP_V2, "/sys/fs/cgroup", 26);
}

Test (cgroup_paths, finds_v1)
{
  check_found (ROOT_MOUNT CPU_MOUNT SYSTEMD_MOUNT DEVICES_MOUNT,
               "4:name=devices:/wrong\n3:devices:/runc/a\n2:cpu,cpuacct:/b\n", VTPM_CGROUP_V1,
               "/sys/fs/cgroup/devices/runc/a", 30);
}

Test (cgroup_paths, prefers_v1_devices_in_a_hybrid_setup)
{
  check_found (UNIFIED_MOUNT DEVICES_MOUNT, "3:devices:/a\n0::/b\n", VTPM_CGROUP_V1,
               "/sys/fs/cgroup/devices/a", 30);
  check_found (UNIFIED_MOUNT DEVICES_MOUNT, "0::/b\n3:devices:/a\n", VTPM_CGROUP_V1,
               "/sys/fs/cgroup/devices/a", 30);
}

Test (cgroup_paths, takes_v2_in_a_hybrid_setup_without_devices)
{
  check_found (CPU_MOUNT SYSTEMD_MOUNT UNIFIED_MOUNT,
               "2:cpu,cpuacct:/a\n1:name=devices:/a\n0::/b\n", VTPM_CGROUP_V2,
               "/sys/fs/cgroup/unified/b", 27);
}

Test (cgroup_paths, finds_co_mounted_controllers)
{
  check_found ("34 24 0:30 / /cg rw - cgroup cgroup rw,blkio,devices,cpu\n",
               "3:blkio,devices,cpu:/a\n", VTPM_CGROUP_V1, "/cg/a", 30);
}

Test (cgroup_paths, matches_whole_controller_names)
{
  check_error ("34 24 0:30 / /cg rw - cgroup cgroup rw,devices2,xdevices,device\n",
               "3:devices:/a\n", ENOENT, "/a");
  check_error (DEVICES_MOUNT, "3:devices2,xdevices,device:/a\n", ENOENT, "no cgroup");
}

Test (cgroup_paths, passes_over_other_file_systems)
{
  check_error ("34 24 0:30 / /cg rw - tmpfs none rw,devices\n", "3:devices:/a\n", ENOENT, "v1");
  check_error ("34 24 0:30 / /cg rw - cgroup cgroup2 rw\n", "0::/a\n", ENOENT, "cgroup v2");
}

Test (cgroup_paths, takes_the_path_below_a_bind_mounts_root)
{
  check_found ("34 24 0:30 /docker/x /cg rw - cgroup cgroup rw,devices\n",
               "3:devices:/docker/x/y\n", VTPM_CGROUP_V1, "/cg/y", 30);
  check_found ("34 24 0:30 /docker/x /cg rw - cgroup cgroup rw,devices\n", "3:devices:/docker/x\n",
               VTPM_CGROUP_V1, "/cg", 30);
}

Test (cgroup_paths, passes_over_mounts_that_do_not_show_the_path)
{
  check_found ("33 24 0:30 /docker/x /cg rw - cgroup cgroup rw,devices\n" DEVICES_MOUNT,
               "3:devices:/docker/xy\n", VTPM_CGROUP_V1, "/sys/fs/cgroup/devices/docker/xy", 30);
  check_error ("33 24 0:26 /docker/x /cg rw - cgroup2 cgroup2 rw\n", "0::/docker\n", ENOENT,
               "cgroup v2 shows the container's cgroup /docker");
}

Test (cgroup_paths, takes_the_octal_escapes_of_mountinfo)
{
  check_found ("33 24 0:26 /a\\040b\\134 /c\\011g\\012 rw - cgroup2 none rw\n", "0::/a b\\/c\n",
               VTPM_CGROUP_V2, "/c\tg\n/c", 26);
}

Test (cgroup_paths, leaves_other_backslashes_alone)
{
  check_found ("33 24 0:26 / /c\\09\\777\\4 rw - cgroup2 none rw\n", "0::/a\\040\n", VTPM_CGROUP_V2,
               "/c\\09\\777\\4/a\\040", 26);
}

Test (cgroup_paths, takes_colons_in_a_path)
{
  check_found (V2_MOUNT, "0::/a:b:/c\n", VTPM_CGROUP_V2, "/sys/fs/cgroup/a:b:/c", 26);
  check_found (V2_MOUNT, "5:name=x:/3:devices:/a\n0::/b\n", VTPM_CGROUP_V2, "/sys/fs/cgroup/b", 26);
}

Test (cgroup_paths, takes_any_number_of_optional_fields)
{
  check_found ("33 24 0:26 / /cg rw - cgroup2 none rw\n", "0::/a\n", VTPM_CGROUP_V2, "/cg/a", 26);
  check_found (
      "33 24 0:26 / /cg rw shared:1 master:2 propagate_from:3 unbindable - cgroup2 none rw\n",
      "0::/a\n", VTPM_CGROUP_V2, "/cg/a", 26);
}

Test (cgroup_paths, takes_an_empty_mount_source)
{
  check_found ("34 24 0:30 / /cg rw - cgroup  rw,devices\n", "3:devices:/a\n", VTPM_CGROUP_V1,
               "/cg/a", 30);
}

Test (cgroup_paths, does_not_need_a_last_newline)
{
  check_found ("33 24 0:26 / /cg rw - cgroup2 none rw", "0::/a", VTPM_CGROUP_V2, "/cg/a", 26);
}

Test (cgroup_paths, passes_over_lines_that_are_cut_off)
{
  static const char *const lines[] = {
    "\n",
    "33\n",
    "33 24 0:26 / /wrong\n",
    "33 24 0:26 / /wrong rw\n",
    "33 24 0:26 / /wrong rw shared:1\n",
    "33 24 0:26 / /wrong rw -\n",
    "33 24 0:26 / /wrong rw - cgroup2\n",
    "33 24 0:26 / /wrong rw - cgroup2 none\n",
    "33 24 x / /wrong rw - cgroup2 none rw\n",
    "          \n",
  };

  for (size_t i = 0; i < sizeof (lines) / sizeof (lines[0]); i++)
    {
      _cleanup_free_ char *mountinfo = NULL;

      cr_assert_geq (asprintf (&mountinfo, "%s%s", lines[i], V2_MOUNT), 0);
      check_found (mountinfo, "0\n0:\n::\n\n0:cpu:/x\n0::/a\n", VTPM_CGROUP_V2, "/sys/fs/cgroup/a",
                   26);
      check_error (lines[i], "0::/a\n", ENOENT, "/a");
    }
}

Test (cgroup_paths, refuses_a_path_that_is_not_absolute)
{
  check_error (V2_MOUNT, "0::\n0::a\n", ENOENT, "no cgroup");
}

Test (cgroup_paths, refuses_cgroups_outside_of_the_namespace)
{
  check_error (V2_MOUNT, "0::/../x\n", EXDEV, "/../x");
  check_error (V2_MOUNT, "0::/..\n", EXDEV, "/..");
  check_error (V2_MOUNT, "0::/a/../../x\n", EXDEV, "namespace");
  check_error (DEVICES_MOUNT, "3:devices:/../x\n", EXDEV, "namespace");
}

Test (cgroup_paths, takes_names_that_only_start_with_dots)
{
  check_found (V2_MOUNT, "0::/..a/.../b..\n", VTPM_CGROUP_V2, "/sys/fs/cgroup/..a/.../b..", 26);
}

Test (cgroup_paths, refuses_a_mount_whose_root_is_outside_of_the_namespace)
{
  check_error ("33 24 0:26 /.. /cg rw - cgroup2 none rw\n", "0::/a\n", ENOENT, "/a");
}

Test (cgroup_paths, says_what_is_missing)
{
  check_error (ROOT_MOUNT, "3:devices:/a\n0::/b\n", ENOENT, "v1");
  check_error (ROOT_MOUNT, "0::/b\n", ENOENT, "cgroup v2");
  check_error (V2_MOUNT, "", ENOENT, "no cgroup");
  check_error ("", "0::/b\n", ENOENT, "/b");
}

Test (cgroup_paths, knows_the_child_of_a_scope)
{
  cr_assert (vtpm_cgroup_is_scope_child ("/sys/fs/cgroup/system.slice/crun-a.scope/container"));
  cr_assert_not (vtpm_cgroup_is_scope_child ("/sys/fs/cgroup/system.slice/crun-a.scope"));
  cr_assert_not (vtpm_cgroup_is_scope_child ("/sys/fs/cgroup/session-1.scope/other"));
  cr_assert_not (vtpm_cgroup_is_scope_child ("/sys/fs/cgroup/a.scope/container/b"));
  cr_assert_not (vtpm_cgroup_is_scope_child ("/sys/fs/cgroup/a.scope/my/container"));
  cr_assert_not (vtpm_cgroup_is_scope_child ("/.scope/container"));
  cr_assert_not (vtpm_cgroup_is_scope_child (".scope/container"));
  cr_assert_not (vtpm_cgroup_is_scope_child (""));
}
