"""Facts about countries: capital, continent, languages, one more true remark."""

from typing import NamedTuple


class Country(NamedTuple):
    """One country; every field is a fact that documents may state."""

    name: str
    capital: str
    continent: str
    language: str
    remark: str


_TABLE = """
France|Paris|Europe|French|The river Seine flows through Paris.
Germany|Berlin|Europe|German|The river Spree flows through Berlin.
Italy|Rome|Europe|Italian|The river Tiber flows through Rome.
Spain|Madrid|Europe|Spanish|Madrid lies in the middle of the country.
Portugal|Lisbon|Europe|Portuguese|Lisbon lies near the Atlantic Ocean.
Ireland|Dublin|Europe|English and Irish|The river Liffey flows through Dublin.
Austria|Vienna|Europe|German|Vienna lies on the Danube and is famous for its music.
Hungary|Budapest|Europe|Hungarian|The Danube flows through Budapest.
Poland|Warsaw|Europe|Polish|Warsaw lies on the river Vistula.
Greece|Athens|Europe|Greek|The Acropolis stands on a hill in Athens.
Norway|Oslo|Europe|Norwegian|The country is known for its fjords.
Sweden|Stockholm|Europe|Swedish|Stockholm is built on many islands.
Finland|Helsinki|Europe|Finnish|The country has thousands of lakes.
Denmark|Copenhagen|Europe|Danish|Many people in Copenhagen ride a bicycle.
Iceland|Reykjavik|Europe|Icelandic|The island has volcanoes and hot springs.
Belgium|Brussels|Europe|Dutch, French and German|The country is known for its chocolate.
Romania|Bucharest|Europe|Romanian|The Danube reaches the Black Sea there.
Bulgaria|Sofia|Europe|Bulgarian|Sofia lies at the foot of a mountain.
Croatia|Zagreb|Europe|Croatian|The country has many islands in the Adriatic Sea.
Serbia|Belgrade|Europe|Serbian|Belgrade lies where the Sava meets the Danube.
Slovenia|Ljubljana|Europe|Slovene|The country has mountains, caves and forests.
Slovakia|Bratislava|Europe|Slovak|Bratislava lies on the Danube.
Ukraine|Kyiv|Europe|Ukrainian|The river Dnieper flows through Kyiv.
Russia|Moscow|Europe and Asia|Russian|It is the largest country in the world by area.
Estonia|Tallinn|Europe|Estonian|Tallinn lies on the Baltic Sea.
Latvia|Riga|Europe|Latvian|Riga lies near the Baltic Sea.
Lithuania|Vilnius|Europe|Lithuanian|Vilnius has a beautiful old town.
Albania|Tirana|Europe|Albanian|The country lies on the Adriatic Sea.
Malta|Valletta|Europe|Maltese and English|It is a small island country in the Mediterranean Sea.
Turkey|Ankara|Europe and Asia|Turkish|Its largest city is Istanbul.
Egypt|Cairo|Africa|Arabic|The Nile flows through Cairo.
Kenya|Nairobi|Africa|Swahili and English|The country is known for its wild animals.
Ghana|Accra|Africa|English|Accra lies on the Atlantic coast.
Nigeria|Abuja|Africa|English|Its largest city is Lagos.
Ethiopia|Addis Ababa|Africa|Amharic|Addis Ababa lies high in the mountains.
Morocco|Rabat|Africa|Arabic|Rabat lies on the Atlantic Ocean.
Tunisia|Tunis|Africa|Arabic|The country lies on the Mediterranean Sea.
Algeria|Algiers|Africa|Arabic|A large part of the country is desert.
Senegal|Dakar|Africa|French|Dakar lies on the Atlantic Ocean.
Uganda|Kampala|Africa|English and Swahili|The country lies on Lake Victoria.
Rwanda|Kigali|Africa|Kinyarwanda|It is called the land of a thousand hills.
Zambia|Lusaka|Africa|English|The Victoria Falls lie on its border.
Zimbabwe|Harare|Africa|English and Shona|The Victoria Falls lie on its border.
Angola|Luanda|Africa|Portuguese|Luanda lies on the Atlantic Ocean.
Madagascar|Antananarivo|Africa|Malagasy and French|It is a large island in the Indian Ocean.
Namibia|Windhoek|Africa|English|The Namib desert lies along its coast.
Japan|Tokyo|Asia|Japanese|Its highest mountain is Mount Fuji.
China|Beijing|Asia|Chinese|The Great Wall runs through the north of the country.
India|New Delhi|Asia|Hindi and English|The Taj Mahal stands in the city of Agra.
South Korea|Seoul|Asia|Korean|The Han River flows through Seoul.
Vietnam|Hanoi|Asia|Vietnamese|Hanoi lies on the Red River.
Thailand|Bangkok|Asia|Thai|The country is known for its temples and beaches.
Kazakhstan|Astana|Asia|Kazakh and Russian|It is the largest country without a coast on the ocean.
Cambodia|Phnom Penh|Asia|Khmer|The old temples of Angkor stand there.
Laos|Vientiane|Asia|Lao|Vientiane lies on the Mekong.
Saudi Arabia|Riyadh|Asia|Arabic|A large part of the country is desert.
Oman|Muscat|Asia|Arabic|Muscat lies on the coast of the Arabian Sea.
Armenia|Yerevan|Asia|Armenian|From Yerevan you can see Mount Ararat.
Luxembourg|Luxembourg|Europe|French, German and Luxembourgish|It is a small country between Belgium, France and Germany.
Malaysia|Kuala Lumpur|Asia|Malay|Kuala Lumpur is known for its tall twin towers.
the Philippines|Manila|Asia|Filipino and English|The country has more than seven thousand islands.
Nepal|Kathmandu|Asia|Nepali|Mount Everest stands on its border.
Pakistan|Islamabad|Asia|Urdu and English|Its largest city is Karachi.
Bangladesh|Dhaka|Asia|Bengali|The country has many rivers.
Mongolia|Ulaanbaatar|Asia|Mongolian|The country has wide grasslands.
Iran|Tehran|Asia|Persian|Tehran lies at the foot of high mountains.
Iraq|Baghdad|Asia|Arabic and Kurdish|The river Tigris flows through Baghdad.
Jordan|Amman|Asia|Arabic|The old city of Petra is cut into the rock.
Lebanon|Beirut|Asia|Arabic|Beirut lies on the Mediterranean Sea.
Qatar|Doha|Asia|Arabic|Doha lies on the Persian Gulf.
Singapore|Singapore|Asia|English, Malay, Chinese and Tamil|It is a city and a country at once.
Canada|Ottawa|North America|English and French|Its largest city is Toronto.
the United States|Washington|North America|English|Its largest city is New York.
Mexico|Mexico City|North America|Spanish|Mexico City lies high above the sea.
Cuba|Havana|North America|Spanish|It is a large island in the Caribbean Sea.
Jamaica|Kingston|North America|English|It is an island in the Caribbean Sea.
Panama|Panama City|North America|Spanish|The Panama Canal joins two oceans.
Costa Rica|San Jose|North America|Spanish|The country is known for its rain forests.
Guatemala|Guatemala City|North America|Spanish|The country has many volcanoes.
Brazil|Brasilia|South America|Portuguese|It is the largest country in South America.
Argentina|Buenos Aires|South America|Spanish|The tango comes from Buenos Aires.
Chile|Santiago|South America|Spanish|It is a very long and narrow country.
Peru|Lima|South America|Spanish|The old city of Machu Picchu lies in its mountains.
Colombia|Bogota|South America|Spanish|The country is known for its coffee.
Ecuador|Quito|South America|Spanish|The equator runs through the country.
Uruguay|Montevideo|South America|Spanish|Montevideo lies on the Rio de la Plata.
Paraguay|Asuncion|South America|Spanish and Guarani|The country has no sea coast.
Venezuela|Caracas|South America|Spanish|The highest waterfall in the world is there.
Australia|Canberra|Oceania|English|Its largest city is Sydney.
New Zealand|Wellington|Oceania|English and Maori|Its largest city is Auckland.
Fiji|Suva|Oceania|English and Fijian|It is a country of islands in the Pacific Ocean.
the United Kingdom|London|Europe|English|The river Thames flows through London.
the Netherlands|Amsterdam|Europe|Dutch|A large part of the country lies below the level of the sea.
the Czech Republic|Prague|Europe|Czech|The river Vltava flows through Prague.
"""

COUNTRIES = [Country(*line.split("|")) for line in _TABLE.strip().splitlines()]
CAPITALS = {country.name: country.capital for country in COUNTRIES}
