"""The Debian packages that the corpora are made of, pinned by version and checksum."""

from dataclasses import dataclass

SUITE = "bookworm"
"""The Debian release that these versions belong to."""


@dataclass(frozen=True)
class Package:
    """One binary package: `origin` is the name of its source package, `sha256` the checksum of the .deb."""

    name: str
    origin: str
    version: str
    sha256: str

    @property
    def path(self) -> str:
        """Where the .deb lies below a mirror's root."""
        upstream = self.version.rpartition(":")[2]
        return f"pool/main/{self.origin[0]}/{self.origin}/{self.name}_{upstream}_all.deb"


PACKAGES = (
    Package(
        "festvox-ru",
        "festvox-ru",
        "0.5+dfsg-6",
        "21ef3f0f2978ecf2e2eddb367cb0ff4a72572196d28dc69feb84f4177af5e6c4",
    ),
    Package(
        "asterisk-core-sounds-en-g722",
        "asterisk-core-sounds",
        "1.6.1-1",
        "38c5261820b406dcb0ecb37675720da2b0864850690690352ca52707eb623806",
    ),
    Package(
        "asterisk-core-sounds-es-g722",
        "asterisk-core-sounds",
        "1.6.1-1",
        "e4e3b4281057d3b81b779298fd6be705f57411513955c518eed1bcaabbd615b8",
    ),
    Package(
        "asterisk-core-sounds-it-g722",
        "asterisk-core-sounds",
        "1.6.1-1",
        "46b4cf7afc508a5fcfc051b7ea233251c0d195dd4ef83cc4b7facb4c6429b016",
    ),
    Package(
        "asterisk-core-sounds-ru-g722",
        "asterisk-core-sounds",
        "1.6.1-1",
        "673b4238a6b8269960f055d868c6a11083f7a0d00979167cb01554046b48ed9b",
    ),
    Package(
        "tuxpaint-stamps-default",
        "tuxpaint-stamps",
        "2022.06.04-1",
        "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
    ),
    Package(
        "fillets-ng-data-cs",
        "fillets-ng-data",
        "1.0.1-1.1",
        "3ecef99b9456f1c80c9625c6f2418642b52d58e7167a46bad7a412db17991b14",
    ),
    Package(
        "fillets-ng-data-nl",
        "fillets-ng-data",
        "1.0.1-1.1",
        "afb4443fda9ab507dee578b75be857d121718a1cd6017a474f30e0eb13dc9d10",
    ),
    Package(
        "klettres-data",
        "klettres",
        "4:22.12.3-1",
        "1186d257a19e84230856baea0b0b1ded8be9195080fcdb2588970b5cd937f5a8",
    ),
    Package(
        "gcin-voice",
        "gcin-voice",
        "0~20170223-3",
        "6a0353f0294d06f7bd901bada3d5d9eec63b66c2ec029f92da3124d93d45de70",
    ),
    Package(
        "hydrogen-drumkits",
        "hydrogen-drumkits",
        "2017.09.19~dfsg-1",
        "6ea3c6df9a67762e2362f946c695e619859126b19fbccf32a2e8f07dfd03b2f4",
    ),
    Package(
        "avldrums.lv2-soundfont",
        "avldrums.lv2",
        "0.5.2-2",
        "436813f10c950324f28cb6a71e922f153084b6ed00049cd47da3f0f055f3ffc5",
    ),
    Package(
        "sonic-pi-samples",
        "sonic-pi",
        "3.2.2~repack-8",
        "25f2312d2fae005e6ad0f4726b8ed3084e776006a5a132083506e960224ac79d",
    ),
    Package(
        "openttd-openmsx",
        "openttd-openmsx",
        "0.4.2-1",
        "1a728a4ac37a1c614de1f597d3024caa7f54ce93d28f5b979b5758305b916a54",
    ),
    Package(
        "wesnoth-1.16-music",
        "wesnoth-1.16",
        "1:1.16.9-1",
        "f9bc3cde92b4ab30db5d7b85f89b4bcc3d788dd92602956d0347250850bf59bb",
    ),
    Package(
        "supertux-data",
        "supertux",
        "0.6.3-2",
        "a6ad8865972f1dbb5e7b49f4e1b381dd16a68f3028a3502cfeaca2400285d27f",
    ),
    Package(
        "naev-data",
        "naev",
        "0.8.2-1",
        "a98849cacdfc72779e03ceb68f32af03cb3c3f382ba8b82e3299ef87254b454d",
    ),
    Package(
        "musescore-general-soundfont-lossless",
        "musescore-general-soundfont",
        "0.2.1-1",
        "ece0ce63dc4d4d44fecbd3ee6761b328e66c189892b2b369cbd8e79b4411a82b",
    ),
    Package(
        "unknown-horizons",
        "unknown-horizons",
        "2019.1-6",
        "ff49ea196d0f57c80d4cd4509c030240cbe632881f8c5b2a1265dd3e3795f100",
    ),
    Package(
        "flare-game",
        "flare-game",
        "1.14-1",
        "4ab6a8298276013d35a0806257e130d992761af1b749041433b409c3dafec508",
    ),
    Package(
        "0ad-data",
        "0ad-data",
        "0.0.26-1",
        "53745ae74d05bccf6783400fa98f3932b21729ab9d2e86151aa2c331c3455178",
    ),
    Package(
        "megaglest-data",
        "megaglest-data",
        "3.13.0-3",
        "ed4783d9fc78e201a548b266f7c30325eb16cfd58a20bf4597dd6e622f84a07e",
    ),
    Package(
        "redeclipse-data",
        "redeclipse-data",
        "1.6.0-1",
        "ada26453d3100bd61154ce20a699352f0b48bb29f8505f477ebdcb612f71ab42",
    ),
)
